#define CAF_SUITE session_retire
#include "tests/actors/session_scene.hpp"

using namespace spotter;
using namespace spotter::actors;
using namespace spotter::messages;
using namespace std::chrono_literals;

namespace {

struct fixture : tests::session_scene {
  std::vector<retired> done;
  std::vector<read_reply> pages;

  void retire_shard() { ask(shard, retire{}, &done); }

  void read_page() {
    ask(session, messages::read{user_id, get_workout{domain::make_uuid_v7()}}, &pages);
  }

  static failure_code code_of(const command_reply& reply) {
    const auto* f = std::get_if<failure>(&reply.result);
    return f ? f->code : failure_code::internal;
  }
};

/// A clock that the test sets, and a lease that goes by it.
struct lease_fixture : fixture {
  std::chrono::milliseconds now{1'000};
  lease_ptr held = std::make_shared<lease>([this] { return now; });

  lease_fixture() {
    env->may_speak = held;
    held->renew(now, 2'000ms, 300ms);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(session_retire_tests, fixture)

CAF_TEST(a shard without sessions retires at once) {
  caf::anon_send_exit(session, caf::exit_reason::user_shutdown);
  consume_messages();
  retire_shard();
  CAF_CHECK_EQUAL(done.size(), 1u);
}

CAF_TEST(a retiring session finishes what is with the writer and refuses the rest) {
  follow(std::nullopt);
  start_one();
  start_one();
  retire_shard();
  CAF_REQUIRE_EQUAL(replies.size(), 1u);
  CAF_CHECK_EQUAL(code_of(replies[0]), failure_code::moved);
  CAF_CHECK(done.empty());
  CAF_CHECK_EQUAL(seen.ended, 0);
  finish_store(store_result::committed);
  CAF_REQUIRE_EQUAL(replies.size(), 2u);
  CAF_CHECK(std::holds_alternative<outcome>(replies[1].result));
  CAF_CHECK_EQUAL(seen.events.size(), 1u);
  CAF_CHECK_EQUAL(seen.ended, 1);
  CAF_CHECK_EQUAL(done.size(), 1u);
}

CAF_TEST(a retiring session begins nothing) {
  start_one();
  retire_shard();
  start_one();
  read_page();
  ask(session, subscribe{user_id, {}, {}, sink}, &subscriptions);
  CAF_CHECK_EQUAL(script.units.size(), 1u);
  CAF_CHECK_EQUAL(code_of(replies.back()), failure_code::moved);
  CAF_CHECK_EQUAL(std::get<failure>(pages.back().result).code, failure_code::moved);
  CAF_CHECK_EQUAL(std::get<failure>(subscriptions.back().result).code, failure_code::moved);
}

CAF_TEST(units that were refused together are not tried again while retiring) {
  start_one();
  start_one();
  start_one();
  finish_store(store_result::committed);
  retire_shard();
  finish_store(store_result::rejected);
  CAF_CHECK_EQUAL(script.units.size(), 2u);
  CAF_REQUIRE_EQUAL(replies.size(), 3u);
  CAF_CHECK_EQUAL(code_of(replies[1]), failure_code::moved);
  CAF_CHECK_EQUAL(code_of(replies[2]), failure_code::moved);
  CAF_CHECK_EQUAL(done.size(), 1u);
}

CAF_TEST(a retired shard starts no session) {
  retire_shard();
  std::vector<session_found> found;
  ask(shard, get_session{user_id}, &found);
  CAF_CHECK(found.empty());
  CAF_CHECK_EQUAL(errors.size(), 1u);
}

CAF_TEST(a session that hangs can not hold up its shard) {
  follow(std::nullopt);
  start_one();
  retire_shard();
  CAF_CHECK(done.empty());
  sched.advance_time(2'000ms);
  consume_messages();
  CAF_CHECK_EQUAL(done.size(), 1u);
  CAF_REQUIRE_EQUAL(replies.size(), 1u);
  CAF_CHECK_EQUAL(code_of(replies[0]), failure_code::outcome_unknown);
  CAF_CHECK_EQUAL(seen.ended, 1);
}

CAF_TEST(a shard that is ended leaves nobody without an answer) {
  follow(std::nullopt);
  start_one();
  start_one();
  caf::anon_send_exit(shard, caf::exit_reason::user_shutdown);
  consume_messages();
  CAF_REQUIRE_EQUAL(replies.size(), 2u);
  CAF_CHECK_EQUAL(code_of(replies[0]), failure_code::outcome_unknown);
  CAF_CHECK_EQUAL(code_of(replies[1]), failure_code::moved);
  CAF_CHECK_EQUAL(seen.ended, 1);
}

CAF_TEST_FIXTURE_SCOPE_END()

CAF_TEST_FIXTURE_SCOPE(session_lease_tests, lease_fixture)

CAF_TEST(a session answers from memory only while the lease holds) {
  commit_one();
  read_page();
  read_page();
  CAF_CHECK(std::holds_alternative<rendered>(pages.back().result));
  now += 1'700ms;
  const auto id = domain::make_uuid_v7();
  ask(session, messages::read{user_id, get_workout{id}}, &pages);
  CAF_CHECK(std::holds_alternative<rendered>(pages.back().result)); // the reader was asked
  ask(session, messages::read{user_id, get_workout{id}}, &pages);
  CAF_CHECK_EQUAL(std::get<failure>(pages.back().result).code, failure_code::moved);
  ask(session, subscribe{user_id, {}, {}, sink}, &subscriptions);
  CAF_CHECK_EQUAL(std::get<failure>(subscriptions.back().result).code, failure_code::moved);
  ask(session, command{user_id, {}, {}, {}, finish_workout{id, {}}}, &replies);
  CAF_CHECK_EQUAL(code_of(replies.back()), failure_code::moved);
}

CAF_TEST(what the database decides needs no lease) {
  now += 1'700ms;
  start_one();
  finish_store(store_result::committed);
  CAF_CHECK(std::holds_alternative<outcome>(replies.back().result));
}

CAF_TEST(a lease counts from the start of the request that renewed it) {
  CAF_CHECK(held->holds());
  const auto start = held->now();
  now += 500ms;
  held->renew(start, 2'000ms, 300ms);
  CAF_CHECK_EQUAL(held->left(), 1'200ms);
  now += 1'199ms;
  CAF_CHECK(held->holds());
  now += 1ms;
  CAF_CHECK(!held->holds());
}

CAF_TEST(an older renewal does not shorten a lease) {
  now += 500ms;
  held->renew(now, 2'000ms, 300ms);
  held->renew(now - 400ms, 2'000ms, 300ms);
  CAF_CHECK_EQUAL(held->left(), 1'700ms);
  held->end();
  CAF_CHECK(!held->holds());
  held->renew(now, 2'000ms, 300ms); // of a renewal that was under way
  CAF_CHECK(!held->holds());
}

CAF_TEST_FIXTURE_SCOPE_END()
