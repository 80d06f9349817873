#define CAF_SUITE session
#include "tests/actors/session_scene.hpp"

using namespace spotter;
using namespace spotter::actors;
using namespace spotter::messages;
using namespace std::chrono_literals;

namespace {

using fixture = tests::session_scene;

} // namespace

CAF_TEST_FIXTURE_SCOPE(session_tests, fixture)

CAF_TEST(answers only after the commit) {
  start_one();
  CAF_CHECK_EQUAL(script.units.size(), 1u);
  CAF_CHECK(replies.empty());
  finish_store(store_result::committed);
  CAF_REQUIRE_EQUAL(replies.size(), 1u);
  CAF_CHECK_EQUAL(std::get<outcome>(replies[0].result).at, (position{3, 1}));
}

CAF_TEST(publishes only after the commit) {
  follow(std::nullopt);
  start_one();
  CAF_CHECK(seen.events.empty());
  finish_store(store_result::committed);
  CAF_CHECK_EQUAL(seen.events.size(), 1u);
}

CAF_TEST(has one unit in flight and keeps the order) {
  start_one();
  start_one();
  CAF_CHECK_EQUAL(script.units.size(), 1u);
  finish_store(store_result::committed);
  CAF_REQUIRE_EQUAL(script.units.size(), 2u);
  CAF_CHECK_EQUAL(script.units[1].first->events[0].at_position.seq, 2);
}

CAF_TEST(a full queue is answered at once) {
  for (int i = 0; i < 5; ++i)
    start_one();
  CAF_REQUIRE_EQUAL(replies.size(), 1u);
  CAF_CHECK_EQUAL(std::get<failure>(replies[0].result).code, failure_code::overloaded);
}

CAF_TEST(what the database refused changes nothing) {
  start_one();
  finish_store(store_result::rejected);
  CAF_CHECK_EQUAL(std::get<failure>(replies.back().result).code, failure_code::conflict);
  start_one();
  CAF_CHECK_EQUAL(script.units.back().first->events[0].at_position.seq, 1);
}

CAF_TEST(a fenced session ends and its successor loads anew) {
  follow(std::nullopt);
  start_one();
  start_one();
  finish_store(store_result::fenced);
  CAF_REQUIRE_EQUAL(replies.size(), 2u);
  for (const auto& reply : replies)
    CAF_CHECK_EQUAL(std::get<failure>(reply.result).code, failure_code::moved);
  CAF_CHECK_EQUAL(seen.ended, 1);
  CAF_CHECK_EQUAL(script.loads, 1);
  session = find();
  start_one();
  CAF_CHECK_EQUAL(script.loads, 2);
}

CAF_TEST(an unknown outcome is told as such and the session reloads) {
  start_one();
  finish_store(store_result::unknown);
  CAF_CHECK_EQUAL(std::get<failure>(replies.back().result).code, failure_code::outcome_unknown);
  script.image.head_seq = 1; // it had been committed after all
  script.image.head_epoch = 3;
  session = find();
  start_one();
  CAF_CHECK_EQUAL(script.units.back().first->events[0].at_position.seq, 2);
}

CAF_TEST(a resume replays exactly what was missed) {
  commit_one();
  commit_one();
  commit_one();
  const auto from_one = follow(position{3, 1});
  CAF_CHECK(from_one.recovered);
  CAF_REQUIRE_EQUAL(from_one.replay.size(), 2u);
  CAF_CHECK_EQUAL(from_one.replay[0].at_position.seq, 2);
  CAF_CHECK_EQUAL(from_one.at, (position{3, 3}));
}

CAF_TEST(a resume from before memory reads the log) {
  for (int i = 0; i < 10; ++i)
    commit_one();
  const auto all = follow(position{0, 0});
  CAF_CHECK(all.recovered);
  CAF_CHECK_EQUAL(all.replay.size(), 10u);
}

CAF_TEST(a position of another story gets a snapshot) {
  commit_one();
  commit_one();
  for (const auto& wrong : {position{2, 1}, position{3, 9}, position{2, 2}}) {
    const auto answer = follow(wrong);
    CAF_CHECK(!answer.recovered);
    CAF_CHECK(!answer.snapshot.empty());
    CAF_CHECK_EQUAL(answer.at, (position{3, 2}));
  }
}

CAF_TEST(rendered pages are kept until the next change) {
  std::vector<read_reply> pages;
  const messages::read page{user_id, get_workouts{}};
  ask(session, page, &pages);
  ask(session, page, &pages);
  CAF_CHECK_EQUAL(script.reads, 1);
  commit_one();
  ask(session, page, &pages);
  CAF_CHECK_EQUAL(script.reads, 2);
}

CAF_TEST(an unused session ends and a used one stays) {
  commit_one();
  sched.advance_time(60s);
  consume_messages();
  CAF_CHECK_EQUAL(find(), session);
  sched.advance_time(60s);
  consume_messages();
  CAF_CHECK_NOT_EQUAL(find(), session);
}

CAF_TEST(a session with a subscriber stays) {
  follow(std::nullopt);
  for (int i = 0; i < 3; ++i) {
    sched.advance_time(60s);
    consume_messages();
  }
  CAF_CHECK_EQUAL(find(), session);
}

CAF_TEST(a rest ends by itself and a cut one in silence) {
  auto now = *domain::parse_rfc3339("2026-03-01T17:00:00Z");
  env->now = [&now] { return now; };
  follow(std::nullopt);
  commit_one();
  log_set set;
  set.workout_id = seen.events.back().workout_id;
  set.entry.exercise_id = domain::make_uuid_v7();
  set.entry.actual.rest_ms = 90'000;
  const auto log_one = [&] {
    ask(session, command{user_id, {}, {}, {}, set}, &replies);
    finish_store(store_result::committed);
  };
  log_one();
  CAF_CHECK_EQUAL(seen.events.back().name, event_name::timer_started);
  now += 60s;
  sched.advance_time(60s);
  log_one();
  const auto before = script.units.size();
  now += 30s;
  sched.advance_time(30s);
  consume_messages();
  CAF_CHECK_EQUAL(script.units.size(), before);
  now += 60s;
  sched.advance_time(60s);
  consume_messages();
  CAF_CHECK_EQUAL(script.units.size(), before + 1);
  finish_store(store_result::committed);
  CAF_CHECK_EQUAL(seen.events.back().name, event_name::timer_ended);
}

CAF_TEST_FIXTURE_SCOPE_END()
