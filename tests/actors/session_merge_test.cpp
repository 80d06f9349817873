#define CAF_SUITE session_merge
#include "tests/actors/session_scene.hpp"

#include <algorithm>
#include <optional>
#include <string>

using namespace spotter;
using namespace spotter::actors;
using namespace spotter::messages;
using namespace std::chrono_literals;

namespace {

/// A session with one live workout, and one unit in flight behind which commands queue.
struct fixture : tests::session_scene {
  domain::uuid workout_id;
  domain::uuid bench_press = domain::make_uuid_v7();
  std::size_t first = 0; // of `replies`, to what queued

  fixture() {
    env->limits.queued_commands = 64;
    env->limits.kept_events = 128;
    follow(std::nullopt);
    commit_one();
    workout_id = seen.events.back().workout_id;
    send(bench(5, 100));
    finish_store(store_result::committed);
    send(bench(5, 50));
    first = replies.size() + 1;
  }

  log_set bench(int reps, double kg) {
    log_set set;
    set.workout_id = workout_id;
    set.entry.set_id = domain::make_uuid_v7();
    set.entry.exercise_id = bench_press;
    set.entry.actual.reps = reps;
    set.entry.actual.weight = domain::weight{kg, domain::weight_unit::kg};
    return set;
  }

  void send(command_body body, std::optional<idempotency> once = {},
            std::optional<std::int64_t> if_match = {}) {
    ask(session, command{user_id, std::move(once), if_match, {}, std::move(body)}, &replies);
  }

  const store_unit& last_unit() { return *script.units.back().first; }

  std::int64_t first_seq() { return last_unit().events.front().at_position.seq; }

  outcome answered(std::size_t i) { return std::get<outcome>(replies.at(first + i).result); }
  failure refused(std::size_t i) { return std::get<failure>(replies.at(first + i).result); }

  template <class Change>
  std::size_t count_changes() {
    return static_cast<std::size_t>(
      std::count_if(last_unit().changes.begin(), last_unit().changes.end(),
                    [](const change& c) { return std::holds_alternative<Change>(c); }));
  }

  void commit() { finish_store(store_result::committed); }

  /// The live workouts as a subscriber gets them now.
  std::string snapshot() { return follow(std::nullopt).snapshot.str(); }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(session_merge_tests, fixture)

CAF_TEST(what queued behind a commit is one unit without gaps) {
  for (int i = 0; i < 9; ++i)
    send(bench(5, 40));
  const auto before = script.units.size();
  const auto head = first_seq() + static_cast<std::int64_t>(last_unit().events.size());
  commit();
  CAF_REQUIRE_EQUAL(script.units.size(), before + 1);
  CAF_CHECK_EQUAL(count_changes<add_set>(), 9u);
  CAF_REQUIRE_EQUAL(last_unit().events.size(), 9u);
  for (std::int64_t i = 0; i < 9; ++i) {
    const auto& e = last_unit().events[static_cast<std::size_t>(i)];
    CAF_CHECK_EQUAL(e.at_position, (position{3, head + i}));
  }
  CAF_CHECK_EQUAL(replies.size(), first);
  commit();
  CAF_REQUIRE_EQUAL(replies.size(), first + 9);
  for (std::size_t i = 0; i < 9; ++i)
    CAF_CHECK_EQUAL(answered(i).version, head + static_cast<std::int64_t>(i));
  CAF_CHECK_EQUAL(script.units.size(), before + 1);
}

CAF_TEST(what reaches an idle session together is one unit) {
  commit();
  const auto before = script.units.size();
  for (int i = 0; i < 3; ++i)
    sys.spawn([this, set = bench(5, 40)](caf::event_based_actor* self) {
      self
        ->request(caf::actor_cast<caf::actor>(session), caf::infinite,
                  command{user_id, {}, {}, {}, set})
        .then([this](const command_reply& reply) { replies.push_back(reply); });
    });
  consume_messages();
  CAF_CHECK_EQUAL(script.units.size(), before + 1);
  CAF_CHECK_EQUAL(count_changes<add_set>(), 3u);
  commit();
  CAF_CHECK_EQUAL(replies.size(), first + 3);
}

CAF_TEST(all events of a unit are published at once and in order) {
  for (int i = 0; i < 3; ++i)
    send(bench(5, 40));
  commit();
  const auto before = seen.events.size();
  commit();
  CAF_REQUIRE_EQUAL(seen.events.size(), before + 3);
  for (std::size_t i = 1; i < seen.events.size(); ++i)
    CAF_CHECK_EQUAL(seen.events[i].at_position.seq, seen.events[i - 1].at_position.seq + 1);
  const auto resumed = follow(position{3, 1});
  CAF_CHECK_EQUAL(resumed.replay.size(), seen.events.size() - 1);
}

CAF_TEST(no more commands than the bound are one unit) {
  env->limits.merged_commands = 4;
  for (int i = 0; i < 6; ++i)
    send(bench(5, 40));
  commit();
  CAF_CHECK_EQUAL(count_changes<add_set>(), 4u);
  commit();
  CAF_CHECK_EQUAL(count_changes<add_set>(), 2u);
  commit();
  CAF_CHECK_EQUAL(replies.size(), first + 6);
}

CAF_TEST(reads and snapshots see nothing before its commit) {
  const auto heavy = bench(5, 77);
  send(bench(5, 40));
  send(heavy);
  commit();
  const auto id = domain::to_string(*heavy.entry.set_id);
  CAF_CHECK_EQUAL(snapshot().find(id), std::string::npos);
  std::vector<read_reply> pages;
  const messages::read page{user_id, get_workouts{}};
  ask(session, page, &pages);
  ask(session, page, &pages);
  const auto reads = script.reads;
  commit();
  CAF_CHECK_NOT_EQUAL(snapshot().find(id), std::string::npos);
  ask(session, page, &pages);
  CAF_CHECK_EQUAL(script.reads, reads + 1);
}

CAF_TEST(a refusal that rests on what is not stored waits for the commit) {
  auto set = bench(5, 40);
  auto other = set;
  other.entry.actual.reps = 6; // same id, other content
  send(set);
  send(other);
  send(finish_workout{workout_id, {}});
  send(bench(5, 40)); // the workout will have finished
  commit();
  CAF_CHECK_EQUAL(replies.size(), first);
  commit();
  CAF_REQUIRE_EQUAL(replies.size(), first + 4);
  CAF_CHECK(answered(0).created);
  CAF_CHECK_EQUAL(refused(1).code, failure_code::id_reused);
  CAF_CHECK(!answered(2).created);
  CAF_CHECK_EQUAL(refused(3).code, failure_code::conflict);
}

CAF_TEST(a lone command that is refused is answered at once) {
  commit();
  send(update_profile{"Ann", {}, {}}, {}, 99);
  CAF_CHECK_EQUAL(refused(0).code, failure_code::version_conflict);
  send(bench(5, 40));
  CAF_CHECK_EQUAL(replies.size(), first + 1);
}

CAF_TEST(refusals in front of a unit are answered before it is stored) {
  send(update_profile{"Ann", {}, {}}, {}, 99);
  send(bench(5, 40));
  commit();
  CAF_REQUIRE_EQUAL(replies.size(), first + 1);
  CAF_CHECK_EQUAL(refused(0).code, failure_code::version_conflict);
}

CAF_TEST(a key that comes twice in one unit has one effect) {
  const auto set = bench(5, 40);
  send(set, idempotency{"key", "print"});
  send(set, idempotency{"key", "print"});
  send(set, idempotency{"key", "other print"});
  send(bench(5, 30), idempotency{"key 2", "print"});
  commit();
  CAF_CHECK_EQUAL(count_changes<add_set>(), 2u);
  CAF_REQUIRE_EQUAL(last_unit().answers.size(), 2u);
  CAF_CHECK_EQUAL(last_unit().answers[1].key, "key 2");
  CAF_CHECK_EQUAL(last_unit().answers[1].at.seq, last_unit().events.back().at_position.seq);
  commit();
  CAF_REQUIRE_EQUAL(replies.size(), first + 4);
  CAF_CHECK(!answered(0).replayed);
  CAF_CHECK(answered(1).replayed);
  CAF_CHECK_EQUAL(answered(1).version, answered(0).version);
  CAF_CHECK_EQUAL(answered(1).body, answered(0).body);
  CAF_CHECK_EQUAL(refused(2).code, failure_code::idempotency_mismatch);
  const auto before = script.units.size();
  send(bench(5, 30), idempotency{"key 2", "print"});
  CAF_CHECK_EQUAL(script.units.size(), before);
  CAF_CHECK(std::get<outcome>(replies.back().result).replayed);
}

CAF_TEST(a record that is beaten twice in one unit is written once) {
  for (int kg = 110; kg <= 130; kg += 10)
    send(bench(5, kg));
  commit();
  CAF_CHECK_EQUAL(count_changes<put_record>(), 2u); // by weight and by estimate
  CAF_CHECK_EQUAL(last_unit().events.size(), 9u);   // yet each is told
  for (const auto& c : last_unit().changes)
    if (const auto* put = std::get_if<put_record>(&c);
        put && put->record.kind == domain::record_kind::weight)
      CAF_CHECK_EQUAL(put->record.value, 130.0);
  commit();
  send(bench(5, 125)); // memory knows the last one
  CAF_CHECK_EQUAL(count_changes<put_record>(), 0u);
}

CAF_TEST(a set joins the instance that one before it in the unit opens) {
  commit();
  const auto old = workout_id;
  commit_one();
  workout_id = seen.events.back().workout_id;
  auto in_old = bench(5, 40);
  in_old.workout_id = old;
  send(in_old);
  send(bench(5, 40));
  send(bench(5, 40));
  commit();
  CAF_CHECK_EQUAL(count_changes<put_instance>(), 1u);
  std::vector<domain::set_record> sets;
  for (const auto& c : last_unit().changes)
    if (const auto* added = std::get_if<add_set>(&c))
      sets.push_back(added->set);
  CAF_REQUIRE_EQUAL(sets.size(), 2u);
  CAF_CHECK_EQUAL(sets[0].exercise_instance_id, sets[1].exercise_instance_id);
  CAF_CHECK_EQUAL(sets[1].position, 1);
  commit();
  // Memory is what the database is.
  send(bench(5, 40));
  CAF_CHECK_EQUAL(std::get<add_set>(last_unit().changes.back()).set.position, 2);
}

CAF_TEST(a bound counts what the same unit adds) {
  for (int live = 1; live < 12; ++live)
    start_one();
  commit();
  CAF_CHECK_EQUAL(count_changes<put_workout>(), 9u); // ten live ones are the most
  commit();
  CAF_REQUIRE_EQUAL(replies.size(), first + 11);
  CAF_CHECK(answered(8).created);
  CAF_CHECK_EQUAL(refused(9).code, failure_code::conflict);
  CAF_CHECK_EQUAL(refused(10).code, failure_code::conflict);
}

CAF_TEST(a command that needs a fetch ends the unit before it) {
  auto squat = bench(5, 40);
  squat.entry.exercise_id = domain::make_uuid_v7();
  send(bench(5, 40));
  send(squat);
  send(bench(5, 40));
  commit();
  CAF_CHECK_EQUAL(count_changes<add_set>(), 1u);
  commit();
  CAF_CHECK_EQUAL(replies.size(), first + 1);
  CAF_CHECK_EQUAL(count_changes<add_set>(), 2u);
  commit();
  CAF_CHECK_EQUAL(replies.size(), first + 3);
}

CAF_TEST(what changes stored rows is a unit of its own) {
  const auto set = bench(5, 40);
  update_set change;
  change.workout_id = workout_id;
  change.set_id = *set.entry.set_id;
  change.given = member_reps;
  change.actual.reps = 8;
  send(set);
  send(change);
  send(bench(5, 40));
  send(bench(5, 40));
  commit();
  CAF_CHECK_EQUAL(count_changes<add_set>(), 1u);
  commit();
  CAF_CHECK_EQUAL(count_changes<change_set>(), 1u);
  CAF_CHECK_EQUAL(last_unit().events.size(), 1u);
  commit();
  CAF_CHECK_EQUAL(count_changes<add_set>(), 2u);
  commit();
  CAF_CHECK_EQUAL(replies.size(), first + 4);
}

CAF_TEST(two changes of one workout are two units because the first leaves an old row) {
  for (const char* title : {"A", "B"}) {
    update_workout change;
    change.workout_id = workout_id;
    change.title = title;
    send(change);
  }
  commit();
  CAF_CHECK_EQUAL(count_changes<put_workout>(), 1u);
  commit();
  CAF_CHECK_EQUAL(count_changes<put_workout>(), 1u);
  commit();
  CAF_CHECK_NOT_EQUAL(snapshot().find(R"("title":"B")"), std::string::npos);
}

CAF_TEST(of a rejected unit only the bad command fails) {
  for (int i = 0; i < 3; ++i)
    send(bench(5, 40));
  commit();
  const auto begin = first_seq();
  CAF_CHECK_EQUAL(count_changes<add_set>(), 3u);
  finish_store(store_result::rejected, "something");
  CAF_CHECK_EQUAL(replies.size(), first);
  CAF_CHECK_EQUAL(count_changes<add_set>(), 1u);
  CAF_CHECK_EQUAL(first_seq(), begin);
  send(bench(5, 40)); // what comes meanwhile
  send(bench(5, 40));
  commit();
  CAF_CHECK_EQUAL(first_seq(), begin + 1);
  finish_store(store_result::rejected, "workout_set_pkey");
  CAF_CHECK_EQUAL(first_seq(), begin + 1);
  CAF_CHECK_EQUAL(count_changes<add_set>(), 1u);
  commit();
  CAF_CHECK_EQUAL(count_changes<add_set>(), 2u); // together again
  CAF_CHECK_EQUAL(first_seq(), begin + 2);
  commit();
  CAF_REQUIRE_EQUAL(replies.size(), first + 5);
  CAF_CHECK(answered(0).created);
  CAF_CHECK_EQUAL(refused(1).code, failure_code::id_reused);
  CAF_CHECK(answered(2).created);
  CAF_CHECK(answered(4).created);
}

CAF_TEST(that nothing could be stored is told to all of a unit) {
  for (const auto& [result, code] :
       {std::pair{store_result::unavailable, failure_code::unavailable},
        std::pair{store_result::overloaded, failure_code::overloaded}}) {
    const auto set = bench(5, 40);
    send(set);
    send(set); // a replay of what is not stored
    commit();
    const auto begin = first_seq();
    first = replies.size();
    finish_store(result);
    CAF_REQUIRE_EQUAL(replies.size(), first + 2);
    CAF_CHECK_EQUAL(refused(0).code, code);
    CAF_CHECK_EQUAL(refused(1).code, code);
    send(bench(5, 40));
    CAF_CHECK_EQUAL(first_seq(), begin);
  }
}

CAF_TEST(an unknown outcome leaves all of the unit in doubt and nothing else) {
  env->limits.merged_commands = 2;
  for (int i = 0; i < 3; ++i)
    send(bench(5, 40));
  commit();
  finish_store(store_result::unknown);
  CAF_REQUIRE_EQUAL(replies.size(), first + 3);
  CAF_CHECK_EQUAL(refused(0).code, failure_code::outcome_unknown);
  CAF_CHECK_EQUAL(refused(1).code, failure_code::outcome_unknown);
  CAF_CHECK_EQUAL(refused(2).code, failure_code::moved);
}

CAF_TEST(a fenced unit tells all of its commands to come again) {
  send(bench(5, 40));
  send(bench(5, 40));
  commit();
  finish_store(store_result::fenced);
  CAF_REQUIRE_EQUAL(replies.size(), first + 2);
  CAF_CHECK_EQUAL(refused(0).code, failure_code::moved);
  CAF_CHECK_EQUAL(refused(1).code, failure_code::moved);
  CAF_CHECK_EQUAL(seen.ended, 1);
}

CAF_TEST(of the rests in a unit the last ends once) {
  auto now = *domain::parse_rfc3339("2126-03-01T17:00:00Z"); // after the first sets
  env->now = [&now] { return now; };
  for (int i = 0; i < 3; ++i) {
    auto set = bench(5, 40);
    set.entry.actual.rest_ms = 90'000;
    send(set);
  }
  commit();
  CAF_CHECK_EQUAL(last_unit().events.size(), 6u);
  commit();
  const auto before = script.units.size();
  now += 91s;
  sched.advance_time(91s);
  consume_messages();
  CAF_REQUIRE_EQUAL(script.units.size(), before + 1);
  CAF_CHECK_EQUAL(last_unit().events.front().name, event_name::timer_ended);
  commit();
  CAF_CHECK_EQUAL(script.units.size(), before + 1);
}

CAF_TEST_FIXTURE_SCOPE_END()
