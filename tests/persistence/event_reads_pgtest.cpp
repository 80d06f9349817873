#include "persistence/repository/event_repository.hpp"

#include "tests/persistence/read_story.hpp"

#define CAF_SUITE event_reads
#include "caf/test/dsl.hpp"

using namespace spotter;
using namespace spotter::tests;

namespace {

const auto push = id('1', 1);
const auto pull = id('1', 2);

struct fixture : read_fixture {
  std::string changes(std::int64_t since, int limit = 200) {
    return read(alice, messages::get_changes{since, limit});
  }

  static std::string change(int seq) {
    return R"({"type":"event","topic":"me","position":{"epoch":7,"seq":)" + std::to_string(seq)
           + R"(},"event":"set.logged","at":"2026-03-01T17:10:00Z",)"
             R"("data":{"set":{"b" : 1,  "a":2}}})";
  }

  static std::string position(int seq) {
    return R"("position":{"epoch":7,"seq":)" + std::to_string(seq) + "}";
  }

  void remember(int n, const std::string& age) {
    rows.sql("INSERT INTO spotter.idempotency_key (user_id, key, fingerprint, created, version,"
             " epoch, seq, body, created_at) VALUES ($1, 'key' || $2::int, 'f', true, $2, 7, $2,"
             " '{}', now() - $3::interval)",
             text(alice), n, age);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(event_reads, fixture)

CAF_TEST(changes come as in the live stream byte for byte) {
  for (int seq = 1; seq <= 4; ++seq)
    rows.event(alice, seq, 6);
  CAF_CHECK_EQUAL(changes(1, 2), R"({"items":[)" + change(2) + ',' + change(3) + "]," + position(3)
                                   + R"(,"reset":false})");
  CAF_CHECK_EQUAL(changes(3),
                  R"({"items":[)" + change(4) + "]," + position(4) + R"(,"reset":false})");
  CAF_CHECK_EQUAL(changes(4), R"({"items":[],)" + position(4) + R"(,"reset":false})");
}

CAF_TEST(a position beyond the story asks for a reset) {
  const std::string nothing = R"({"items":[],"position":{"epoch":0,"seq":0},"reset":)";
  CAF_CHECK_EQUAL(changes(0), nothing + "false}");
  CAF_CHECK_EQUAL(changes(1), nothing + "true}");
  rows.event(alice, 1, 6);
  CAF_CHECK_EQUAL(changes(2), R"({"items":[],)" + position(1) + R"(,"reset":true})");
}

CAF_TEST(a history has the versions of one workout newest first) {
  rows.workout(alice, push, "2026-03-01 17:00:00+00", 1);
  rows.instance(alice, push, id('2', 1), squat, 0, 2);
  rows.set(alice, push, id('2', 1), id('3', 1), 0, 1, 5, 100, 5);
  rows.event(alice, 1, 1, text(push), R"({"workout":1})");
  rows.event(alice, 2, 6, text(push), R"({"set":2})");
  rows.event(alice, 3, 6, text(pull), R"({"set":3})");
  rows.event(alice, 4, 16);
  rows.event(alice, 5, 7, text(push), R"({"set":5})");
  const auto item = [](int seq, const std::string& name, const std::string& data) {
    return R"({"version":)" + std::to_string(seq) + R"(,"at":"2026-03-01T17:10:00Z","event":")"
           + name + R"(","data":)" + data + '}';
  };
  const auto one = read(alice, messages::get_history{push, {2, {}}});
  CAF_CHECK(one.starts_with(R"({"items":[)" + item(5, "set.updated", R"({"set":5})") + ','
                            + item(2, "set.logged", R"({"set":2})") + R"(],"next_cursor":")"));
  CAF_CHECK_EQUAL(read(alice, messages::get_history{push, {2, next_cursor(one)}}),
                  R"({"items":[)" + item(1, "workout.started", R"({"workout":1})")
                    + R"(],"next_cursor":null})");
  CAF_CHECK_EQUAL(read(alice, messages::get_history{pull, {}}),
                  "failure 2: there is no such workout");
}

CAF_TEST(the first version of an imported workout is the step of its import) {
  rows.workout(alice, push, "2026-03-01 17:00:00+00", 1);
  rows.event(alice, 1, 12, {}, R"({"import":1})");
  CAF_CHECK(read(alice, messages::get_history{push, {}}).starts_with(R"({"items":[{"version":1,)"));
}

CAF_TEST(a range of events is complete or refused) {
  for (int seq = 1; seq <= 3; ++seq)
    rows.event(alice, seq, 6, text(push));
  const auto range = load<messages::event_range>(messages::load_events{alice, 1, 3});
  CAF_REQUIRE_EQUAL(range.events.size(), 2u);
  CAF_CHECK(range.events[0].at_position == (messages::position{7, 2}));
  CAF_CHECK(range.events[0].name == messages::event_name::set_logged);
  CAF_CHECK(range.events[0].workout_id == push);
  CAF_CHECK_EQUAL(range.events[0].data.str(), R"({"set":{"b" : 1,  "a":2}})");
  CAF_CHECK(load<messages::event_range>(messages::load_events{alice, 3, 3}).events.empty());
  const auto beyond = ask<messages::event_range>(messages::load_events{alice, 1, 4});
  CAF_REQUIRE(std::holds_alternative<messages::failure>(beyond));
  CAF_CHECK(std::get<messages::failure>(beyond).code == messages::failure_code::not_found);
}

CAF_TEST(an event tells its epoch) {
  rows.event(alice, 1, 6);
  CAF_CHECK_EQUAL(load<messages::event_epoch>(messages::load_epoch{alice, 1}).epoch, 7);
  CAF_CHECK_EQUAL(load<messages::event_epoch>(messages::load_epoch{alice, 2}).epoch, 0);
}

CAF_TEST(a session begins with profile and head and live workouts and answers) {
  rows.workout(alice, push, "2026-03-01 17:00:00+00", 1);
  rows.workout(alice, pull, "2026-02-01 17:00:00+00", 1);
  rows.workout(alice, id('1', 3), "2026-02-01 17:00:00+00", 1);
  rows.sql("UPDATE spotter.workout SET state = 2, finished_at = now() WHERE workout_id = $1",
           text(id('1', 3)));
  rows.instance(alice, push, id('2', 1), squat, 0, 2);
  rows.instance(alice, pull, id('2', 2), bench_press, 0, 2);
  rows.set(alice, push, id('2', 1), id('3', 1), 0, 1, 5, 100, 4);
  rows.set(alice, pull, id('2', 2), id('3', 2), 0, 1, 6, 50, 3);
  rows.sql("UPDATE spotter.workout_set SET deleted_at = now(), version = 5 WHERE set_id = $1",
           text(id('3', 2)));
  for (int seq = 1; seq <= 5; ++seq)
    rows.event(alice, seq, 6);
  remember(1, "2 hours");
  remember(2, "1 hour");
  remember(3, "25 hours");
  const auto image = load<messages::session_image>(messages::load_session{alice});
  CAF_CHECK(image.found);
  CAF_CHECK_EQUAL(image.head_seq, 5);
  CAF_CHECK_EQUAL(image.head_epoch, 7);
  CAF_CHECK(image.who.user_id == alice);
  CAF_CHECK_EQUAL(image.who.email, "alice@example.org");
  CAF_CHECK(image.who.unit == domain::weight_unit::lb);
  CAF_CHECK_EQUAL(image.who.version, 3);
  CAF_REQUIRE_EQUAL(image.live.size(), 2u);
  CAF_CHECK(image.live[0].workout_id == pull);
  CAF_CHECK_EQUAL(image.live[0].version, 5);
  CAF_REQUIRE_EQUAL(image.live[0].exercises.size(), 1u);
  CAF_REQUIRE_EQUAL(image.live[0].exercises[0].sets.size(), 1u);
  CAF_CHECK(image.live[0].exercises[0].sets[0].deleted);
  CAF_CHECK(image.live[1].exercises[0].exercise_id == squat);
  CAF_CHECK_EQUAL(*image.live[1].exercises[0].sets[0].actual.reps, 5);
  CAF_REQUIRE_EQUAL(image.answers.size(), 2u);
  CAF_CHECK_EQUAL(image.answers[0].key, "key2");
  CAF_CHECK(image.answers[0].created);
  CAF_CHECK(image.answers[0].at == (messages::position{7, 2}));
  CAF_CHECK_EQUAL(image.answers[0].body.str(), "{}");
  CAF_CHECK(image.answers_complete);
}

CAF_TEST(a session of nobody or of somebody deleted is not found) {
  CAF_CHECK(!load<messages::session_image>(messages::load_session{id('9', 9)}).found);
  rows.sql("UPDATE spotter.app_user SET deleted_at = now() WHERE user_id = $1", text(alice));
  CAF_CHECK(!load<messages::session_image>(messages::load_session{alice}).found);
  CAF_CHECK(load<messages::session_image>(messages::load_session{bob}).found);
}

CAF_TEST(a session gets no more than a thousand answers and is told so) {
  rows.sql("INSERT INTO spotter.idempotency_key (user_id, key, fingerprint, created_at)"
           " SELECT $1, n, 'f', now() - n * interval '1 second' FROM generate_series(1, 1000) n",
           text(alice));
  auto image = load<messages::session_image>(messages::load_session{alice});
  CAF_CHECK_EQUAL(image.answers.size(), 1000u);
  CAF_CHECK(image.answers_complete);
  remember(1, "2 hours");
  image = load<messages::session_image>(messages::load_session{alice});
  CAF_CHECK_EQUAL(image.answers.size(), 1000u);
  CAF_CHECK_EQUAL(image.answers[0].key, "1");
  CAF_CHECK(!image.answers_complete);
}

CAF_TEST(an answer is remembered for a day) {
  remember(1, "23 hours");
  remember(2, "25 hours");
  const auto answer = [this](const std::string& key) {
    return load<messages::answer_image>(messages::load_answer{alice, key}).answer;
  };
  CAF_REQUIRE(answer("key1").has_value());
  CAF_CHECK_EQUAL(answer("key1")->version, 1);
  CAF_CHECK(!answer("key2"));
  CAF_CHECK(!answer("\xff"));
}

CAF_TEST_FIXTURE_SCOPE_END()
