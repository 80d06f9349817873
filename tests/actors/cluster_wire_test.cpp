#include "actors/messages/all.hpp"

#define CAF_SUITE peer_frame
#include "caf/test/dsl.hpp"

#include "caf/binary_deserializer.hpp"
#include "caf/binary_serializer.hpp"

using namespace spotter;
using namespace spotter::messages;

namespace {

using fixture = test_coordinator_fixture<>;

/// Encodes, decodes, and returns what came of it; the bytes of both must be the same.
peer_frame travel(caf::actor_system& system, const peer_frame& frame) {
  caf::byte_buffer bytes;
  caf::binary_serializer out{system, bytes};
  CAF_REQUIRE(out.apply(frame));
  peer_frame got;
  caf::binary_deserializer in{system, bytes};
  CAF_REQUIRE(in.apply(got));
  CAF_CHECK_EQUAL(in.remaining(), 0u);
  caf::byte_buffer again;
  caf::binary_serializer second{system, again};
  CAF_REQUIRE(second.apply(got));
  CAF_CHECK(bytes == again);
  CAF_CHECK_EQUAL(got.index(), frame.index());
  // Cut off anywhere it must be refused, not believed.
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    peer_frame cut;
    caf::binary_deserializer part{system, caf::span<const caf::byte>{bytes.data(), n}};
    CAF_CHECK(!part.apply(cut));
  }
  return got;
}

const domain::uuid user = domain::make_uuid_v7();

template <class What>
peer_request request_for(What what) {
  return {(7ULL << 32) | 3, user, 12, 10'000, std::move(what)};
}

template <class Result>
peer_reply reply(Result result) {
  return {(7ULL << 32) | 3, 12, std::move(result)};
}

event some_event() {
  return {{12, 5},
          event_name::set_logged,
          domain::make_uuid_v7(),
          domain::from_millis(99),
          shared_text{R"({"a":1})"}};
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(peer_frame_tests, fixture)

CAF_TEST(requests of every kind travel) {
  command cmd{user, idempotency{"key", "print"}, 4, "trace", {}};
  log_set set;
  set.workout_id = domain::make_uuid_v7();
  cmd.body = set;
  const auto one = std::get<peer_request>(travel(sys, request_for(cmd)));
  CAF_CHECK_EQUAL(one.id, (7ULL << 32) | 3);
  CAF_CHECK_EQUAL(one.epoch, 12);
  CAF_CHECK_EQUAL(one.deadline_ms, 10'000);
  const auto& got = std::get<command>(one.what);
  CAF_CHECK(got.user_id == user);
  CAF_CHECK_EQUAL(got.once->key, "key");
  CAF_CHECK(got.if_match == 4);
  CAF_CHECK(std::get<log_set>(got.body).workout_id == set.workout_id);
  const auto two =
    std::get<peer_request>(travel(sys, request_for(messages::read{user, get_changes{17, 20}})));
  CAF_CHECK_EQUAL(std::get<get_changes>(std::get<messages::read>(two.what).what).since, 17);
  const auto three =
    std::get<peer_request>(travel(sys, request_for(follow{user, {}, position{12, 5}})));
  CAF_CHECK(std::get<follow>(three.what).since == (position{12, 5}));
}

CAF_TEST(every command travels) {
  const auto body = [this]<class Body>(Body b) {
    travel(sys, request_for(command{user, {}, {}, {}, std::move(b)}));
  };
  [&]<class... Body>(std::variant<Body...>*) {
    (body(Body{}), ...);
  }(static_cast<command_body*>(nullptr));
}

CAF_TEST(every read travels) {
  const auto ask = [this]<class Query>(Query q) {
    travel(sys, request_for(messages::read{user, std::move(q)}));
  };
  [&]<class... Query>(std::variant<Query...>*) {
    (ask(Query{}), ...);
  }(static_cast<query*>(nullptr));
}

CAF_TEST(answers of every kind travel) {
  outcome done;
  done.version = 8;
  done.body = shared_text{"{}"};
  done.counts = import_counts{1, 2, 3, 4};
  const auto one = std::get<peer_reply>(travel(sys, reply(command_reply{done})));
  CAF_CHECK_EQUAL(std::get<outcome>(std::get<command_reply>(one.result).result).version, 8);
  const failure no{failure_code::overloaded, "busy", {{"/a", "b", "c"}}, 500};
  const auto two = std::get<peer_reply>(travel(sys, reply(command_reply{no})));
  CAF_CHECK_EQUAL(std::get<failure>(std::get<command_reply>(two.result).result).errors.size(), 1u);
  travel(sys, reply(read_reply{rendered{3, shared_text{"[]"}}}));
  travel(sys, reply(read_reply{no}));
  travel(sys, reply(subscribe_reply{subscribed{{12, 5}, true, {some_event()}, {}}}));
  travel(sys, reply(subscribe_reply{no}));
}

CAF_TEST(what is told without being asked travels) {
  travel(sys, unfollow{user});
  const auto told =
    std::get<events_published>(travel(sys, events_published{user, {some_event(), some_event()}}));
  CAF_CHECK_EQUAL(told.events[1].data.str(), R"({"a":1})");
  travel(sys, session_ended{user});
  travel(sys, login_revoked{user, domain::make_uuid_v7()});
}

CAF_TEST_FIXTURE_SCOPE_END()
