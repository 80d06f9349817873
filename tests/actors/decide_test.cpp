#include "actors/session/decide.hpp"

#define CAF_SUITE decide
#include "caf/test/dsl.hpp"

using namespace spotter;
using namespace spotter::actors;
using namespace spotter::messages;

namespace {

const domain::instant start_time = *domain::parse_rfc3339("2026-03-01T17:00:00Z");

struct fixture {
  domain::uuid user_id = domain::make_uuid_v7();
  domain::uuid workout_id = domain::make_uuid_v7();
  domain::uuid bench_press = domain::make_uuid_v7();
  user_state state{image(), 7};

  session_image image() {
    session_image out;
    out.found = true;
    out.who.user_id = user_id;
    out.who.time_zone = "Europe/Berlin";
    return out;
  }

  command make(command_body body) { return {user_id, {}, {}, {}, std::move(body)}; }

  decision run(const command& cmd, const loaded_once& once = {}) {
    return decide(state, cmd, once, start_time);
  }

  /// Decides, stores and applies; the answer.
  outcome carry_out(const command& cmd) {
    auto d = run(cmd);
    if (auto* work = std::get_if<decided>(&d)) {
      state.apply(work->unit);
      return work->answer;
    }
    CAF_FAIL("the command was not decided, alternative " << d.index());
    return {};
  }

  void know_bench_press() { state.learn(bench_press, exercise_image{true, false, {}, {}}); }

  void begin() {
    state.learn(workout_id, std::nullopt);
    know_bench_press();
    carry_out(make(start_workout{workout_id, "Push", {}, {}, {}}));
  }

  log_set bench(int reps, double kg, std::optional<domain::uuid> id = {}) {
    log_set c;
    c.workout_id = workout_id;
    c.entry.set_id = id;
    c.entry.exercise_id = bench_press;
    c.entry.actual.reps = reps;
    c.entry.actual.weight = domain::weight{kg, domain::weight_unit::kg};
    return c;
  }
};

failure_code code_of(const decision& d) {
  const auto* f = std::get_if<failure>(&d);
  return f ? f->code : failure_code::internal;
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(decide_tests, fixture)

CAF_TEST(events number on from the head without a gap) {
  begin();
  CAF_CHECK_EQUAL(state.head(), (position{7, 1}));
  auto answer = carry_out(make(bench(5, 100)));
  // The first set of an exercise is also its first record, by weight and by estimate.
  CAF_CHECK_EQUAL(answer.version, 2);
  CAF_CHECK_EQUAL(answer.at, (position{7, 4}));
  CAF_CHECK_EQUAL(carry_out(make(bench(5, 90))).version, 5);
  CAF_CHECK_EQUAL(state.head_seq(), 5);
}

CAF_TEST(the local date of a workout is that of the athlete) {
  state.learn(workout_id, std::nullopt);
  start_workout c{workout_id, "Late", domain::parse_rfc3339("2026-03-01T23:30:00Z"), {}, {}};
  carry_out(make(c));
  CAF_CHECK_EQUAL(state.find_workout(workout_id)->local_date, "2026-03-02");
}

CAF_TEST(a set joins the last instance of its exercise) {
  begin();
  carry_out(make(bench(5, 100)));
  carry_out(make(bench(5, 100)));
  const auto& w = *state.find_workout(workout_id);
  CAF_REQUIRE_EQUAL(w.exercises.size(), 1u);
  CAF_REQUIRE_EQUAL(w.exercises[0].sets.size(), 2u);
  CAF_CHECK_EQUAL(w.exercises[0].sets[1].position, 1);
}

CAF_TEST(the same set id and body again is answered as the first time) {
  begin();
  const auto id = domain::make_uuid_v7();
  const auto first = carry_out(make(bench(5, 100, id)));
  const auto head = state.head_seq();
  auto again = run(make(bench(5, 100, id)));
  const auto* replayed = std::get_if<outcome>(&again);
  CAF_REQUIRE(replayed != nullptr);
  CAF_CHECK(replayed->replayed);
  CAF_CHECK(replayed->created);
  CAF_CHECK_EQUAL(replayed->body, first.body);
  CAF_CHECK_EQUAL(state.head_seq(), head);
}

CAF_TEST(the same set id with another body is refused) {
  begin();
  const auto id = domain::make_uuid_v7();
  carry_out(make(bench(5, 100, id)));
  CAF_CHECK_EQUAL(code_of(run(make(bench(6, 100, id)))), failure_code::id_reused);
}

CAF_TEST(rejects a set after finish) {
  begin();
  carry_out(make(bench(5, 100)));
  carry_out(make(finish_workout{workout_id, {}}));
  CAF_CHECK_EQUAL(code_of(run(make(bench(5, 100)))), failure_code::conflict);
}

CAF_TEST(rejects an unknown exercise with its pointer) {
  begin();
  auto c = bench(5, 100);
  c.entry.exercise_id = domain::make_uuid_v7();
  state.learn(c.entry.exercise_id, exercise_image{});
  auto d = run(make(c));
  CAF_REQUIRE_EQUAL(code_of(d), failure_code::invalid_content);
  CAF_CHECK_EQUAL(std::get<failure>(d).errors.front().pointer, "/exercise_id");
}

CAF_TEST(asks for what it does not know) {
  begin();
  auto c = bench(5, 100);
  c.entry.exercise_id = domain::make_uuid_v7();
  auto d = run(make(c));
  CAF_REQUIRE(std::holds_alternative<need>(d));
  CAF_CHECK(std::holds_alternative<load_exercise>(std::get<need>(d)));
}

CAF_TEST(an old version in If - Match is a conflict) {
  begin();
  const auto id = domain::make_uuid_v7();
  const auto logged = carry_out(make(bench(5, 100, id)));
  auto cmd = make(update_set{workout_id, id, member_reps, {}, {}, {}, {}});
  cmd.if_match = logged.version - 1;
  CAF_CHECK_EQUAL(code_of(run(cmd)), failure_code::version_conflict);
  cmd.if_match = logged.version;
  CAF_CHECK(std::holds_alternative<decided>(run(cmd)));
}

CAF_TEST(a merge patch clears what it names as absent and keeps the rest) {
  begin();
  const auto id = domain::make_uuid_v7();
  auto c = bench(5, 100, id);
  c.entry.actual.rpe = 8.5;
  carry_out(make(c));
  update_set patch;
  patch.workout_id = workout_id;
  patch.set_id = id;
  patch.given = member_rpe | member_reps;
  patch.actual.reps = 6;
  carry_out(make(patch));
  const auto& set = state.find_workout(workout_id)->exercises[0].sets[0];
  CAF_CHECK_EQUAL(set.actual.reps, 6);
  CAF_CHECK(!set.actual.rpe.has_value());
  CAF_CHECK(set.actual.weight.has_value());
}

CAF_TEST(an idempotency key answers once and refuses another body) {
  begin();
  auto cmd = make(bench(5, 100));
  cmd.once = idempotency{"key-1", "fingerprint-1"};
  const auto first = carry_out(cmd);
  auto again = run(cmd);
  CAF_REQUIRE(std::holds_alternative<outcome>(again));
  CAF_CHECK(std::get<outcome>(again).replayed);
  CAF_CHECK_EQUAL(std::get<outcome>(again).body, first.body);
  cmd.once->fingerprint = "fingerprint-2";
  CAF_CHECK_EQUAL(code_of(run(cmd)), failure_code::idempotency_mismatch);
}

CAF_TEST(a record is told once and not for an equal lift) {
  begin();
  carry_out(make(bench(5, 100)));
  auto d = run(make(bench(5, 100)));
  CAF_CHECK_EQUAL(std::get<decided>(d).unit.events.size(), 1u);
  d = run(make(bench(5, 102.5)));
  CAF_CHECK_EQUAL(std::get<decided>(d).unit.events.size(), 3u);
}

CAF_TEST(a change of a set has the records worked out anew) {
  begin();
  const auto id = domain::make_uuid_v7();
  carry_out(make(bench(5, 100, id)));
  carry_out(make(delete_set{workout_id, id}));
  CAF_CHECK(state.find_exercise(bench_press) == nullptr);
}

CAF_TEST(a deleted set is gone and a second delete finds nothing) {
  begin();
  const auto id = domain::make_uuid_v7();
  carry_out(make(bench(5, 100, id)));
  carry_out(make(delete_set{workout_id, id}));
  CAF_CHECK_EQUAL(code_of(run(make(delete_set{workout_id, id}))), failure_code::not_found);
}

CAF_TEST(a deleted workout comes back with restore) {
  begin();
  carry_out(make(bench(5, 100)));
  carry_out(make(delete_workout{workout_id}));
  CAF_CHECK_EQUAL(code_of(run(make(bench(5, 100)))), failure_code::not_found);
  carry_out(make(restore_workout{workout_id}));
  CAF_CHECK_EQUAL(state.find_workout(workout_id)->exercises[0].sets.size(), 1u);
}

CAF_TEST(reverting puts sets back to an old version) {
  begin();
  const auto kept = domain::make_uuid_v7();
  const auto added_later = domain::make_uuid_v7();
  const auto logged = carry_out(make(bench(5, 100, kept)));
  const auto old = *state.find_workout(workout_id);
  update_set patch;
  patch.workout_id = workout_id;
  patch.set_id = kept;
  patch.given = member_reps;
  patch.actual.reps = 9;
  carry_out(make(patch));
  know_bench_press();
  carry_out(make(bench(3, 110, added_later)));
  loaded_once once;
  once.old_version = workout_image{old};
  auto d = run(make(revert_workout{workout_id, logged.version}), once);
  CAF_REQUIRE(std::holds_alternative<decided>(d));
  state.apply(std::get<decided>(d).unit);
  const auto& sets = state.find_workout(workout_id)->exercises[0].sets;
  CAF_REQUIRE_EQUAL(sets.size(), 2u);
  CAF_CHECK_EQUAL(sets[0].actual.reps, 5);
  CAF_CHECK(!sets[0].deleted);
  CAF_CHECK(sets[1].deleted);
}

CAF_TEST(what changes a finished workout puts its sums) {
  const auto sums = [this](const command& cmd) {
    auto d = run(cmd);
    const auto* work = std::get_if<decided>(&d);
    CAF_REQUIRE(work != nullptr);
    state.apply(work->unit);
    for (const auto& c : work->unit.changes)
      if (const auto* row = std::get_if<put_workout>(&c)) {
        CAF_CHECK_EQUAL(row->workout.version, work->answer.version);
        return row->summary;
      }
    return std::optional<domain::workout_summary>{};
  };
  const auto first = domain::make_uuid_v7();
  const auto second = domain::make_uuid_v7();
  state.learn(workout_id, std::nullopt);
  know_bench_press();
  CAF_CHECK(!sums(make(start_workout{workout_id, "Push", {}, {}, {}})));
  carry_out(make(bench(5, 100, first)));
  carry_out(make(bench(3, 90, second)));
  update_workout rename;
  rename.workout_id = workout_id;
  rename.title = "Bench";
  CAF_CHECK(!sums(make(rename)));
  auto sum = sums(make(finish_workout{workout_id, {}}));
  CAF_REQUIRE(sum.has_value());
  CAF_CHECK_EQUAL(sum->sets, 2);
  CAF_CHECK_EQUAL(sum->reps, 8);
  CAF_CHECK_EQUAL(sum->volume_g, 770'000);
  CAF_CHECK_EQUAL(sum->exercises, 1);
  update_set patch;
  patch.workout_id = workout_id;
  patch.set_id = first;
  patch.given = member_reps;
  patch.actual.reps = 6;
  sum = sums(make(patch));
  CAF_REQUIRE(sum.has_value());
  CAF_CHECK_EQUAL(sum->volume_g, 870'000);
  sum = sums(make(delete_set{workout_id, second}));
  CAF_REQUIRE(sum.has_value());
  CAF_CHECK_EQUAL(sum->sets, 1);
  CAF_CHECK_EQUAL(sum->volume_g, 600'000);
  CAF_CHECK(sums(make(rename)).has_value());
}

CAF_TEST(finishing twice has one effect) {
  begin();
  carry_out(make(finish_workout{workout_id, {}}));
  auto again = run(make(finish_workout{workout_id, {}}));
  CAF_REQUIRE(std::holds_alternative<outcome>(again));
  CAF_CHECK(std::get<outcome>(again).replayed);
}

CAF_TEST(an import comes once by its id and never as another file) {
  create_import c;
  c.import_id = domain::make_uuid_v7();
  c.content_hash = "one";
  loaded_once once;
  once.import = import_image{};
  CAF_CHECK(std::holds_alternative<decided>(run(make(c), once)));
  import_state stored;
  stored.import_id = *c.import_id;
  stored.status = "running";
  once.import = import_image{stored, "one", "", "Europe/Berlin"};
  const auto again = run(make(c), once);
  CAF_REQUIRE(std::holds_alternative<outcome>(again));
  CAF_CHECK(std::get<outcome>(again).replayed);
  const auto refused = [this, &once](const create_import& other) {
    const auto d = run(make(other), once);
    const auto* why = std::get_if<failure>(&d);
    return why && why->code == failure_code::id_reused;
  };
  auto other = c;
  other.content_hash = "two";
  CAF_CHECK(refused(other));
  other = c;
  other.unit = "lb";
  CAF_CHECK(refused(other));
  other = c;
  other.time_zone = "Asia/Tokyo";
  CAF_CHECK(refused(other));
}

CAF_TEST(an imported workout with a known source and hash or a deleted one is left alone) {
  domain::workout w;
  w.workout_id = workout_id;
  w.title = "From a file";
  w.started_at = start_time;
  w.finished_at = start_time + std::chrono::hours{1};
  w.time_zone = "UTC";
  w.local_date = "2026-03-01";
  w.source = domain::source_ref{"strong", "a", "hash"};
  import_workouts c;
  c.state.import_id = domain::make_uuid_v7();
  c.state.provider = "strong";
  c.state.status = "running";
  c.workouts = {w};
  loaded_once once;
  once.import = import_image{c.state, {}, {}, {}};
  once.sources = source_matches{};
  auto d = run(make(c), once);
  CAF_REQUIRE(std::holds_alternative<decided>(d));
  CAF_CHECK_EQUAL(std::get<decided>(d).answer.counts->created, 1);
  CAF_CHECK_EQUAL(std::get<decided>(d).unit.events.size(), 2u);
  state.apply(std::get<decided>(d).unit);
  once.sources = source_matches{{{"a", "hash", workout_id, 1, start_time, false}}};
  d = run(make(c), once);
  CAF_CHECK_EQUAL(std::get<decided>(d).answer.counts->unchanged, 1);
  CAF_CHECK_EQUAL(std::get<decided>(d).unit.events.size(), 1u);
  once.sources = source_matches{{{"a", "other hash", workout_id, 1, start_time, false}}};
  d = run(make(c), once);
  CAF_CHECK_EQUAL(std::get<decided>(d).answer.counts->updated, 1);
  // Deleted by its owner, then exported again with a correction: it stays deleted.
  once.sources = source_matches{{{"a", "other hash", workout_id, 1, start_time, true}}};
  d = run(make(c), once);
  CAF_CHECK_EQUAL(std::get<decided>(d).answer.counts->unchanged, 1);
  CAF_CHECK_EQUAL(std::get<decided>(d).unit.events.size(), 1u);
  CAF_CHECK_EQUAL(std::get<decided>(d).unit.changes.size(), 1u); // the import's own row
}

CAF_TEST_FIXTURE_SCOPE_END()
