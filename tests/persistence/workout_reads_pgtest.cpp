#include "persistence/repository/workout_repository.hpp"

#include "tests/persistence/read_story.hpp"

#define CAF_SUITE workout_reads
#include "caf/test/dsl.hpp"

using namespace spotter;
using namespace spotter::tests;
using messages::failure_code;

namespace {

const auto push = id('1', 1);
const auto first = id('2', 1); // instances
const auto second = id('2', 2);
const auto removed = id('2', 3);

struct fixture : read_fixture {
  /// A workout with two exercises, a warm-up, a deleted set and a deleted exercise.
  void one_workout() {
    rows.workout(alice, push, "2026-03-01 17:00:00+00");
    rows.instance(alice, push, first, squat, 1, 1);
    rows.instance(alice, push, second, bench_press, 0, 1);
    rows.instance(alice, push, removed, squat, 2, 1);
    rows.set(alice, push, first, id('3', 1), 0, 1, 5, 100, 2);
    rows.set(alice, push, second, id('3', 2), 1, 1, 8, 62.5, 3);
    rows.set(alice, push, second, id('3', 3), 0, 2, 10, 20, 4);
    rows.set(alice, push, first, id('3', 4), 1, 1, 9, 9, 5);
    rows.set(alice, push, removed, id('3', 5), 0, 1, 1, 1, 6);
    rows.sql("UPDATE spotter.workout_set SET deleted_at = now(), version = 9 WHERE set_id"
             " = ANY ($1)",
             std::vector{text(id('3', 4)), text(id('3', 5))});
    rows.sql("UPDATE spotter.exercise_instance SET deleted_at = now(), version = 9"
             " WHERE exercise_instance_id = $1",
             text(removed));
  }

  std::string page(std::string cursor = {}, int limit = 2) {
    return read(alice, messages::get_workouts{{limit, std::move(cursor)}, {}, {}, {}});
  }

  void five_workouts() {
    for (int i = 1; i <= 5; ++i)
      rows.workout(alice, id('1', i), "2026-03-0" + std::to_string(i) + " 17:00:00+00");
  }
};

const std::string push_members =
  R"("id":"11111111-0000-7000-8000-000000000001","title":"Push","state":"live",)"
  R"("started_at":"2026-03-01T17:00:00Z","finished_at":null,"time_zone":"Europe/Berlin",)"
  R"("local_date":"2026-03-01","notes":"","version":9,"created_at":"2026-03-01T17:00:00Z",)"
  R"("updated_at":"2026-03-01T17:00:00Z")";

} // namespace

CAF_TEST_FIXTURE_SCOPE(workout_reads, fixture)

CAF_TEST(a page has each workout with the sums of its working sets) {
  one_workout();
  CAF_CHECK_EQUAL(page(), R"({"items":[{)" + push_members
                            + R"(,"summary":{"sets":2,"reps":13,"volume_kg":1000,"exercises":2}}],)"
                              R"("next_cursor":null})");
}

CAF_TEST(a page takes the sums of a finished workout from its row) {
  one_workout();
  rows.sql("UPDATE spotter.workout SET state = 2, finished_at = started_at, version = 10,"
           " updated_at = updated_at + interval '1 s'");
  CAF_CHECK(page().find(R"("version":10)") != std::string::npos);
  CAF_CHECK(page().find(R"("summary":{"sets":2,"reps":13,)") != std::string::npos);
  rows.sql("UPDATE spotter.workout SET set_count = 7, rep_count = 70, volume_g = 12500,"
           " exercise_count = 3, version = 11, updated_at = updated_at + interval '1 s'");
  CAF_CHECK(page().find(R"("summary":{"sets":7,"reps":70,"volume_kg":12.5,"exercises":3})")
            != std::string::npos);
}

CAF_TEST(an athlete without workouts gets an empty page) {
  CAF_CHECK_EQUAL(page(), R"({"items":[],"next_cursor":null})");
}

CAF_TEST(pages are newest first and neither skip nor repeat while rows come and go) {
  five_workouts();
  const auto one = page();
  CAF_CHECK_EQUAL(ids(one), "05 04");
  rows.workout(alice, id('1', 6), "2026-03-06 17:00:00+00");
  rows.sql("UPDATE spotter.workout SET deleted_at = now() WHERE workout_id = $1", text(id('1', 4)));
  const auto two = page(next_cursor(one));
  CAF_CHECK_EQUAL(ids(two), "03 02");
  rows.workout(alice, id('1', 7), "2026-03-01 12:00:00+00");
  const auto three = page(next_cursor(two));
  CAF_CHECK_EQUAL(ids(three), "01 07");
  CAF_CHECK_EQUAL(next_cursor(three), "");
  CAF_CHECK_EQUAL(ids(page()), "06 05");
}

CAF_TEST(workouts that start within one millisecond are all listed) {
  for (int i = 1; i <= 5; ++i)
    rows.workout(alice, id('1', i), "2026-03-01 17:00:00.00012" + std::to_string(i) + "+00");
  const auto one = page();
  const auto two = page(next_cursor(one));
  const auto three = page(next_cursor(two));
  CAF_CHECK_EQUAL(ids(one) + " " + ids(two) + " " + ids(three), "05 04 03 02 01");
}

CAF_TEST(filters choose workouts by state and start) {
  five_workouts();
  rows.sql("UPDATE spotter.workout SET state = 2, finished_at = started_at, version = 2"
           " WHERE workout_id = $1",
           text(id('1', 2)));
  CAF_CHECK_EQUAL(ids(read(alice, messages::get_workouts{{}, "finished", {}, {}})), "02");
  CAF_CHECK_EQUAL(ids(read(alice, messages::get_workouts{{}, "live", {}, {}})), "05 04 03 01");
  const auto from = *domain::parse_rfc3339("2026-03-02T17:00:00Z");
  const auto to = *domain::parse_rfc3339("2026-03-04T17:00:00Z");
  CAF_CHECK_EQUAL(ids(read(alice, messages::get_workouts{{}, {}, from, to})), "03 02");
  CAF_CHECK(read(alice, messages::get_workouts{{}, "paused", {}, {}}).starts_with("failure 1:"));
}

CAF_TEST(a full workout nests what was not deleted in order) {
  one_workout();
  const auto set = [](int n, const domain::uuid& instance, const domain::uuid& exercise,
                      int position, const std::string& what, int version) {
    return R"({"id":")" + text(id('3', n)) + R"(","workout_id":")" + text(push)
           + R"(","exercise_instance_id":")" + text(instance) + R"(","exercise_id":")"
           + text(exercise) + R"(","position":)" + std::to_string(position) + ',' + what
           + R"(,"completed_at":"2026-03-01T17:10:00.500Z","version":)" + std::to_string(version)
           + R"(,"created_at":"2026-03-01T17:10:01Z","updated_at":"2026-03-01T17:10:01Z"})";
  };
  const auto instance = [](const domain::uuid& which, const domain::uuid& exercise, int position,
                           const std::string& sets) {
    return R"({"id":")" + text(which) + R"(","exercise_id":")" + text(exercise) + R"(","position":)"
           + std::to_string(position) + R"(,"superset":null,"notes":"","sets":[)" + sets + "]}";
  };
  CAF_CHECK_EQUAL(
    read(alice, messages::get_workout{push}),
    '{' + push_members + R"(,"exercises":[)"
      + instance(second, bench_press, 0,
                 set(3, second, bench_press, 0,
                     R"("kind":"warmup","reps":10,"weight":{"value":20,"unit":"kg"})", 4)
                   + ','
                   + set(2, second, bench_press, 1,
                         R"("kind":"normal","reps":8,"weight":{"value":62.5,"unit":"kg"})", 3))
      + ','
      + instance(first, squat, 1,
                 set(1, first, squat, 0,
                     R"("kind":"normal","reps":5,"weight":{"value":100,"unit":"kg"})", 2))
      + "]}");
  CAF_CHECK_EQUAL(version, 9); // of the newest change, though that was a deletion
  CAF_CHECK_EQUAL(
    read(alice, messages::get_set{push, id('3', 1)}),
    set(1, first, squat, 0, R"("kind":"normal","reps":5,"weight":{"value":100,"unit":"kg"})", 2));
  CAF_CHECK_EQUAL(version, 2);
}

CAF_TEST(what was deleted is not found and can still be loaded) {
  one_workout();
  const auto not_found = "failure 2: there is no such ";
  CAF_CHECK_EQUAL(read(alice, messages::get_set{push, id('3', 4)}), not_found + std::string{"set"});
  CAF_CHECK_EQUAL(read(alice, messages::get_set{push, id('3', 5)}), not_found + std::string{"set"});
  rows.sql("UPDATE spotter.workout SET deleted_at = now(), version = 10");
  CAF_CHECK_EQUAL(read(alice, messages::get_workout{push}), not_found + std::string{"workout"});
  CAF_CHECK_EQUAL(read(alice, messages::get_set{push, id('3', 1)}), not_found + std::string{"set"});
  CAF_CHECK_EQUAL(ids(page()), "");
  const auto image = load<messages::workout_image>(messages::load_workout{alice, push, 0});
  CAF_REQUIRE(image.workout.has_value());
  const auto& w = *image.workout;
  CAF_CHECK(w.deleted);
  CAF_CHECK_EQUAL(w.version, 10);
  CAF_REQUIRE_EQUAL(w.exercises.size(), 2u);
  CAF_REQUIRE_EQUAL(w.exercises[1].sets.size(), 2u);
  CAF_CHECK(!w.exercises[1].sets[0].deleted);
  CAF_CHECK(w.exercises[1].sets[1].deleted);
  CAF_CHECK(!load<messages::workout_image>(messages::load_workout{alice, id('1', 9), 0}).workout);
}

CAF_TEST(every measure of a set and its target comes back as it was stored) {
  one_workout();
  domain::effort effort{
    7, domain::weight{135.5, domain::weight_unit::lb}, 8.5, 2, 12.25, 60'000, 90'000};
  std::string target;
  domain::json_writer json{target};
  write(json, effort);
  rows.sql("UPDATE spotter.workout_set SET reps = 7, weight_value = 135.5, weight_unit = 2,"
           " weight_g = 61462, rpe = 8.5, rir = 2, distance_m = 12.25, duration_ms = 60000,"
           " rest_ms = 90000, target = $1, version = 8 WHERE set_id = $2",
           target, text(id('3', 1)));
  const auto image = load<messages::workout_image>(messages::load_workout{alice, push, 0});
  const auto& set = image.workout->exercises[1].sets[0];
  CAF_CHECK(set.actual == effort);
  CAF_CHECK(set.target == effort);
}

CAF_TEST(a workout can be loaded as it was at an earlier version) {
  for (int seq = 1; seq <= 9; ++seq)
    rows.event(alice, seq, 6, text(push));
  rows.sql("UPDATE spotter.event SET at = now()");
  one_workout();
  rows.sql("UPDATE spotter.workout SET title = 'Pull', version = 7");
  rows.sql("UPDATE spotter.workout_set SET reps = 6, version = 8 WHERE set_id = $1",
           text(id('3', 1)));
  rows.sql("UPDATE spotter.workout_set SET reps = 7, version = 9 WHERE set_id = $1",
           text(id('3', 1)));
  const auto at = [this](int version) {
    return load<messages::workout_image>(messages::load_workout{alice, push, version}).workout;
  };
  const auto sets = [](const domain::workout& w) {
    std::string out = w.title + " v" + std::to_string(w.version);
    for (const auto& instance : w.exercises)
      for (const auto& set : instance.sets)
        out += ' ' + std::to_string(*set.actual.reps) + (set.deleted ? "-" : "");
    return out;
  };
  CAF_CHECK_EQUAL(sets(*at(1)), "Push v1");
  CAF_CHECK_EQUAL(sets(*at(3)), "Push v3 8 5");
  CAF_CHECK_EQUAL(sets(*at(6)), "Push v6 10 8 5 9 1");
  CAF_CHECK_EQUAL(sets(*at(7)), "Pull v7 10 8 5 9 1");
  CAF_CHECK_EQUAL(sets(*at(8)), "Pull v8 10 8 6 9 1");
  CAF_CHECK_EQUAL(sets(*at(9)), "Pull v9 10 8 7 9-");
  rows.sql("UPDATE spotter.workout SET first_seq = 4, version = 10");
  CAF_CHECK_EQUAL(at(9)->first_seq, 1);
}

CAF_TEST(imports find what they brought before) {
  one_workout();
  rows.sql("UPDATE spotter.workout SET source_provider = 'strong', source_external_id = 'w1',"
           " source_hash = 'h1', deleted_at = now()");
  const auto found = load<messages::source_matches>(
    messages::load_sources{alice, "strong", {"w0", "w1", "odd \" { , id"}});
  CAF_REQUIRE_EQUAL(found.matches.size(), 1u);
  CAF_CHECK_EQUAL(found.matches[0].external_id, "w1");
  CAF_CHECK_EQUAL(found.matches[0].payload_hash, "h1");
  CAF_CHECK(found.matches[0].workout_id == push);
  CAF_CHECK(found.matches[0].deleted);
  rows.sql("UPDATE spotter.workout SET deleted_at = NULL");
  CAF_CHECK(!load<messages::source_matches>(messages::load_sources{alice, "strong", {"w1"}})
               .matches.at(0)
               .deleted);
  CAF_CHECK(
    load<messages::source_matches>(messages::load_sources{alice, "hevy", {"w1"}}).matches.empty());
}

CAF_TEST(the history of an exercise has its working sets of the newest workouts) {
  one_workout();
  for (int i = 2; i <= 4; ++i) {
    rows.workout(alice, id('1', i), "2026-03-0" + std::to_string(i) + " 17:00:00+00");
    rows.instance(alice, id('1', i), id('4', i), squat, 0, 1);
    rows.set(alice, id('1', i), id('4', i), id('5', i), 0, i == 3 ? 2 : 1, i, 100, 1);
  }
  const auto history =
    load<messages::exercise_history>(messages::load_exercise_history{alice, squat, 2});
  CAF_CHECK(history.known);
  CAF_CHECK_EQUAL(history.exercise_name, "Squat");
  CAF_CHECK(history.unit == domain::weight_unit::lb);
  CAF_REQUIRE_EQUAL(history.performances.size(), 2u);
  CAF_CHECK(history.performances[0].workout_id == id('1', 4));
  CAF_CHECK(history.performances[1].workout_id == id('1', 2));
  const auto all =
    load<messages::exercise_history>(messages::load_exercise_history{alice, squat, 50});
  CAF_REQUIRE_EQUAL(all.performances.size(), 3u); // the third of March was but a warm-up
  CAF_REQUIRE_EQUAL(all.performances[2].sets.size(), 1u);
  CAF_CHECK(all.performances[2].sets[0].set_id == id('3', 1));
  CAF_CHECK(
    !load<messages::exercise_history>(messages::load_exercise_history{alice, id('9', 9), 5}).known);
}

CAF_TEST_FIXTURE_SCOPE_END()
