#include "persistence/repository/exercise_repository.hpp"

#include "tests/persistence/read_story.hpp"

#define CAF_SUITE catalogue_reads
#include "caf/test/dsl.hpp"

using namespace spotter;
using namespace spotter::tests;

namespace {

struct fixture : read_fixture {
  fixture() {
    rows.sql("INSERT INTO spotter.taxonomy (taxonomy_version, name, created_at) VALUES"
             " (1, 'First', '2026-01-01 00:00:00+00'), (2, 'Second', '2026-02-01 00:00:00+00')");
    rows.sql(
      "INSERT INTO spotter.muscle (taxonomy_version, slug, name, position) VALUES"
      " (1, 'chest', 'Chest', 0), (2, 'upper_body', 'Upper body', 0), (2, 'core', 'Core', 1),"
      " (2, 'chest', 'Chest', 2), (2, 'triceps', 'Triceps', 3), (2, 'lats', 'Lats', 4)");
    rows.sql("INSERT INTO spotter.muscle_parent VALUES (2, 'chest', 'upper_body'),"
             " (2, 'triceps', 'upper_body'), (2, 'lats', 'upper_body'), (2, 'lats', 'core')");
    rows.sql("INSERT INTO spotter.exercise_muscle VALUES ($1, 2, 'chest', 1, 0),"
             " ($1, 2, 'triceps', 2, 1), ($1, 1, 'chest', 1, 0)",
             text(bench_press));
    rows.sql("INSERT INTO spotter.exercise_alias VALUES ($1, 'Flat Bench'), ($1, 'A, \"B\"')",
             text(bench_press));
    own(1, "bench against a wall", "{lats}");
    own(2, "100% effort", "{}");
    own(3, "Deleted", "{}");
    rows.sql("UPDATE spotter.own_exercise SET deleted_at = now() WHERE exercise_id = $1",
             text(id('f', 3)));
  }

  void own(int n, const std::string& name, const std::string& muscles) {
    rows.sql("INSERT INTO spotter.own_exercise (user_id, exercise_id, name, equipment,"
             " primary_muscles, version, created_at, updated_at) VALUES ($1, $2, $3, 'band', $4,"
             " 5, '2026-01-03 00:00:00+00', '2026-01-04 00:00:00+00')",
             text(alice), text(id('f', n)), name, muscles);
  }

  std::string find(std::string q, std::string muscle = {}, std::string equipment = {}) {
    return ids(read(
      alice, messages::get_exercises{{}, std::move(q), std::move(muscle), std::move(equipment)}));
  }
};

const std::string shared =
  R"({"id":"eeeeeeee-0000-7000-8000-000000000001","name":"Bench Press","equipment":"barbell",)"
  R"("mechanic":"compound","force":null,"category":"strength","primary_muscles":["chest"],)"
  R"("secondary_muscles":["triceps"],"own":false,"version":1,)"
  R"("created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z"})";
const std::string own_one =
  R"({"id":"ffffffff-0000-7000-8000-000000000001","name":"bench against a wall",)"
  R"("equipment":"band","mechanic":null,"force":null,"category":null,)"
  R"("primary_muscles":["lats"],"secondary_muscles":[],"own":true,"version":5,)"
  R"("created_at":"2026-01-03T00:00:00Z","updated_at":"2026-01-04T00:00:00Z"})";

} // namespace

CAF_TEST_FIXTURE_SCOPE(catalogue_reads, fixture)

CAF_TEST(shared and own exercises are one list and of a search the shorter names come first) {
  CAF_CHECK_EQUAL(read(alice, messages::get_exercises{{}, "bench", {}, {}}),
                  R"({"items":[)" + shared + ',' + own_one + R"(],"next_cursor":null})");
}

CAF_TEST(exercises page by name whatever comes in between) {
  const auto list = [this](std::string cursor) {
    return read(alice, messages::get_exercises{{2, std::move(cursor)}, {}, {}, {}});
  };
  const auto one = list({});
  CAF_CHECK_EQUAL(ids(one), "02 01"); // 100% effort, bench against a wall
  own(4, "aaa", "{}");
  own(5, "Curl|with a bar", "{}");
  const auto two = list(next_cursor(one));
  CAF_CHECK_EQUAL(ids(two), "01 05"); // Bench Press, Curl
  const auto three = list(next_cursor(two));
  CAF_CHECK_EQUAL(ids(three), "02"); // Squat
  CAF_CHECK_EQUAL(next_cursor(three), "");
}

CAF_TEST(every word must be in the name or an alias whatever its case) {
  CAF_CHECK_EQUAL(find("PRESS  bench"), "01");
  CAF_CHECK_EQUAL(find("flat"), "01");
  CAF_CHECK_EQUAL(find("press squat"), "");
  CAF_CHECK_EQUAL(find("100%"), "02");
  CAF_CHECK_EQUAL(find("1%0"), "");
  CAF_CHECK_EQUAL(find("_"), "");
  CAF_CHECK_EQUAL(find("\\"), "");
  CAF_CHECK_EQUAL(find("deleted"), "");
}

CAF_TEST(exercises are found by equipment and by muscle and by region) {
  CAF_CHECK_EQUAL(find({}, {}, "band"), "02 01");
  CAF_CHECK_EQUAL(find({}, "chest"), "01");
  CAF_CHECK_EQUAL(find({}, "triceps"), "01");
  CAF_CHECK_EQUAL(find({}, "upper_body"), "01 01");
  CAF_CHECK_EQUAL(find({}, "core", "band"), "01");
  CAF_CHECK_EQUAL(find({}, "elbow"), "");
}

CAF_TEST(text that the database can not hold is refused) {
  const auto refused = [this](messages::get_exercises query) {
    return read(alice, std::move(query)).starts_with("failure 1:");
  };
  CAF_CHECK(refused({{}, "\xff", {}, {}}));
  CAF_CHECK(refused({{}, std::string("a\0b", 3), {}, {}}));
  CAF_CHECK(refused({{}, {}, "\xc3", {}}));
  CAF_CHECK(refused({{}, {}, {}, std::string(600, 'x')}));
}

CAF_TEST(one exercise has its version) {
  CAF_CHECK_EQUAL(read(alice, messages::get_exercise{bench_press}), shared);
  CAF_CHECK_EQUAL(version, 1);
  CAF_CHECK_EQUAL(read(alice, messages::get_exercise{id('f', 1)}), own_one);
  CAF_CHECK_EQUAL(version, 5);
  CAF_CHECK_EQUAL(read(alice, messages::get_exercise{id('f', 3)}),
                  "failure 2: there is no such exercise");
  CAF_CHECK_EQUAL(read(bob, messages::get_exercise{id('f', 1)}),
                  "failure 2: there is no such exercise");
}

CAF_TEST(muscles are those of the newest taxonomy unless another is named) {
  CAF_CHECK_EQUAL(
    read(alice, messages::get_muscles{}),
    R"({"items":[{"slug":"upper_body","name":"Upper body","parents":[]},)"
    R"({"slug":"core","name":"Core","parents":[]},)"
    R"({"slug":"chest","name":"Chest","parents":["upper_body"]},)"
    R"({"slug":"triceps","name":"Triceps","parents":["upper_body"]},)"
    R"({"slug":"lats","name":"Lats","parents":["core","upper_body"]}],"next_cursor":null,"taxonomy":2})");
  CAF_CHECK_EQUAL(
    read(alice, messages::get_muscles{1}),
    R"({"items":[{"slug":"chest","name":"Chest","parents":[]}],"next_cursor":null,"taxonomy":1})");
  CAF_CHECK_EQUAL(read(alice, messages::get_muscles{3}), "failure 2: there is no such taxonomy");
  CAF_CHECK_EQUAL(read(alice, messages::get_taxonomies{}),
                  R"({"items":[{"version":1,"name":"First","created_at":"2026-01-01T00:00:00Z"},)"
                  R"({"version":2,"name":"Second","created_at":"2026-02-01T00:00:00Z"}],)"
                  R"("next_cursor":null})");
}

CAF_TEST(a session learns of an exercise and its records) {
  rows.sql("INSERT INTO spotter.personal_record (user_id, exercise_id, kind, value, set_id,"
           " achieved_at) VALUES ($1, $2, 2, 112.5, $3, '2026-03-01 17:10:00+00')",
           text(alice), text(bench_press), text(id('3', 1)));
  const auto learn = [this](const domain::uuid& who, const domain::uuid& which) {
    return load<messages::exercise_image>(messages::load_exercise{who, which});
  };
  const auto known = learn(alice, bench_press);
  CAF_CHECK(known.found && !known.own && !known.exercise);
  CAF_REQUIRE_EQUAL(known.records.size(), 1u);
  CAF_CHECK(known.records[0].kind == domain::record_kind::e1rm);
  CAF_CHECK_EQUAL(known.records[0].value, 112.5);
  CAF_CHECK(learn(bob, bench_press).records.empty());
  const auto mine = learn(alice, id('f', 1));
  CAF_CHECK(mine.found && mine.own);
  CAF_CHECK_EQUAL(mine.exercise->name, "bench against a wall");
  CAF_CHECK(mine.exercise->primary_muscles == std::vector<std::string>{"lats"});
  CAF_CHECK(mine.exercise->secondary_muscles.empty());
  const auto gone = learn(alice, id('f', 3));
  CAF_CHECK(!gone.found && gone.own && gone.exercise->deleted);
  CAF_CHECK(!learn(bob, id('f', 1)).exercise);
}

CAF_TEST(an import knows all names that its user may use) {
  const auto names = load<messages::exercise_names>(messages::load_exercise_names{alice});
  CAF_REQUIRE_EQUAL(names.exercises.size(), 4u);
  CAF_CHECK(names.exercises[0].exercise_id == bench_press);
  CAF_CHECK(!names.exercises[0].own);
  CAF_CHECK(names.exercises[0].aliases == (std::vector<std::string>{"A, \"B\"", "Flat Bench"}));
  CAF_CHECK_EQUAL(
    load<messages::exercise_names>(messages::load_exercise_names{bob}).exercises.size(), 2u);
}

CAF_TEST_FIXTURE_SCOPE_END()
