#include "persistence/catalogue_loader.hpp"

#include "tests/persistence/pg_fixture.hpp"

#define CAF_SUITE catalogue_loader
#include "caf/test/dsl.hpp"

#include <algorithm>

using namespace spotter;
using namespace spotter::persistence;
using spotter::tests::pg_fixture;

namespace {

catalogue embedded() {
  auto loaded = embedded_catalogue();
  if (!loaded)
    CAF_FAIL(loaded.error());
  return *std::move(loaded);
}

struct fixture : pg_fixture {
  catalogue_changes load(const catalogue& wanted) {
    auto changes = load_catalogue(settings(database_role::migrator), wanted);
    if (!changes)
      CAF_FAIL(changes.error());
    return *changes;
  }

  template <class T>
  T ask(const std::string& sql) {
    auto connection = database.connect(database_role::reader);
    return pqxx::nontransaction{connection}.query_value<T>(sql);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(catalogue_loader_tests, fixture)

CAF_TEST(the catalogue of the program is whole and at least 800 exercises long) {
  const auto wanted = embedded();
  CAF_CHECK(wanted.exercises.size() >= 800u);
  const auto changes = load(wanted);
  CAF_CHECK_EQUAL(changes.exercises_added, static_cast<std::int64_t>(wanted.exercises.size()));
  CAF_CHECK(changes.muscles > 0);
  CAF_CHECK_EQUAL(ask<std::size_t>("SELECT count(*) FROM spotter.exercise"),
                  wanted.exercises.size());
  CAF_CHECK_EQUAL(ask<int>("SELECT count(*) FROM spotter.exercise e WHERE NOT EXISTS (SELECT FROM "
                           "spotter.exercise_muscle m WHERE m.exercise_id = e.exercise_id "
                           "AND m.role = 1)"),
                  0);
  CAF_CHECK_EQUAL(ask<std::size_t>("SELECT count(*) FROM spotter.muscle"),
                  wanted.muscles.muscles.size());
}

CAF_TEST(loading again changes nothing) {
  const auto wanted = embedded();
  load(wanted);
  const auto again = load(wanted);
  CAF_CHECK_EQUAL(again.exercises_added, 0);
  CAF_CHECK_EQUAL(again.exercises_changed, 0);
  CAF_CHECK_EQUAL(again.muscles, 0);
  CAF_CHECK_EQUAL(ask<int>("SELECT max(version) FROM spotter.exercise"), 1);
}

CAF_TEST(only what changed gets a new version) {
  auto wanted = embedded();
  load(wanted);
  wanted.exercises[0].name += " (renamed)";
  wanted.exercises[1].aliases.emplace_back("Another Name Nobody Has");
  auto& trained = wanted.exercises[2].primary;
  const auto& nodes = wanted.muscles.muscles;
  const auto other = std::find_if(nodes.begin(), nodes.end(), [&](const domain::muscle& m) {
    const auto& also = wanted.exercises[2].secondary;
    return !m.region && m.slug != trained[0]
           && std::find(also.begin(), also.end(), m.slug) == also.end();
  });
  trained = {other->slug};
  const auto changes = load(wanted);
  CAF_CHECK_EQUAL(changes.exercises_added, 0);
  CAF_CHECK_EQUAL(changes.exercises_changed, 3);
  CAF_CHECK_EQUAL(ask<int>("SELECT count(*) FROM spotter.exercise WHERE version = 2"), 3);
  CAF_CHECK_EQUAL(ask<int>("SELECT count(*) FROM spotter.exercise "
                           "WHERE search LIKE '%another name nobody has'"),
                  1);
  CAF_CHECK_EQUAL(load(wanted).exercises_changed, 0);
}

CAF_TEST(an exercise that left the files stays for the workouts that used it) {
  auto wanted = embedded();
  load(wanted);
  wanted.exercises.pop_back();
  load(wanted);
  CAF_CHECK_EQUAL(ask<std::size_t>("SELECT count(*) FROM spotter.exercise"),
                  wanted.exercises.size() + 1);
}

CAF_TEST_FIXTURE_SCOPE_END()
