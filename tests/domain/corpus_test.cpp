// Reads every sample export and compares what was found with the summary beside it.
#include "domain/formats/workout_file.hpp"

#define CAF_SUITE corpus
#include "caf/test/dsl.hpp"

#include "domain/matching.hpp"
#include "domain/taxonomy.hpp"
#include "tests/domain/files.hpp"

#include <cmath>
#include <map>
#include <set>
#include <simdjson.h>

using namespace spotter::domain;
using spotter::tests::corpus;
using spotter::tests::read_file;

namespace {

struct totals {
  std::int64_t sets = 0;
  std::int64_t reps = 0;
  double volume = 0;
  std::set<std::string> exercises;
  std::map<std::string, std::int64_t, std::less<>> kinds;
  std::int64_t supersets = 0;
};

totals add_up(const workout_file& file) {
  totals sum;
  for (const auto& w : file.workouts)
    for (const auto& e : w.exercises) {
      sum.exercises.insert(e.name);
      for (const auto& s : e.sets) {
        ++sum.sets;
        sum.reps += s.reps.value_or(0);
        sum.volume += s.reps.value_or(0) * (s.weight ? s.weight->value : 0);
        ++sum.kinds[std::string{to_string(s.kind)}];
        sum.supersets += e.superset ? 1 : 0;
      }
    }
  return sum;
}

std::vector<std::filesystem::path> files_in(const char* folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(corpus() / "csv" / folder))
    if (entry.path().extension() == ".csv")
      files.push_back(entry.path());
  CAF_REQUIRE(!files.empty());
  return files;
}

void compare(const std::filesystem::path& path) {
  CAF_MESSAGE(path.filename().string());
  const auto file = parse_workout_file(read_file(path));
  CAF_REQUIRE(file.has_value());
  simdjson::dom::parser parser;
  const auto expected_path =
    corpus() / "expected" / (std::filesystem::relative(path, corpus()).string() + ".json");
  simdjson::dom::element root;
  CAF_REQUIRE(parser.load(expected_path.string()).get(root) == simdjson::SUCCESS);
  const auto want = root["summary"];
  const auto sum = add_up(*file);
  CAF_CHECK_EQUAL(to_string(file->app), std::string_view{want["app"]});
  CAF_CHECK_EQUAL(std::string(1, file->delimiter),
                  std::string{std::string_view{want["delimiter"]}});
  CAF_CHECK_EQUAL(static_cast<std::int64_t>(file->rows), std::int64_t{want["rows"]});
  CAF_CHECK_EQUAL(static_cast<std::int64_t>(file->workouts.size()), std::int64_t{want["workouts"]});
  CAF_CHECK_EQUAL(sum.sets, std::int64_t{want["sets"]});
  CAF_CHECK_EQUAL(static_cast<std::int64_t>(sum.exercises.size()), std::int64_t{want["exercises"]});
  CAF_CHECK_EQUAL(sum.reps, std::int64_t{want["reps"]});
  CAF_CHECK(std::fabs(sum.volume - double{want["volume"]}) < 0.001);
  if (std::int64_t rows = 0; want["rows_with_superset"].get(rows) == simdjson::SUCCESS)
    CAF_CHECK_EQUAL(sum.supersets, rows);
  simdjson::dom::object kinds;
  if (want["set_types"].get(kinds) == simdjson::SUCCESS) {
    CAF_CHECK_EQUAL(sum.kinds.size(), kinds.size());
    for (const auto& [kind, count] : kinds)
      CAF_CHECK_EQUAL(sum.kinds.at(std::string{kind}), std::int64_t{count});
  }
  for (const auto& n : file->notes)
    if (n.code != "unknown_distance_unit")
      CAF_ERROR(n.line << ": " << n.message);
}

} // namespace

CAF_TEST(strong files give what is expected) {
  for (const auto& path : files_in("strong"))
    compare(path);
}

CAF_TEST(hevy files give what is expected) {
  for (const auto& path : files_in("hevy"))
    compare(path);
}

CAF_TEST(files of other apps are recognised and refused) {
  for (auto folder : {"fitnotes", "strava"})
    for (const auto& path : files_in(folder)) {
      const auto file = parse_workout_file(read_file(path));
      CAF_REQUIRE(!file.has_value());
      CAF_CHECK(file.error().fault == file_fault::unsupported_format);
    }
}

CAF_TEST(files that are no exports at all are refused) {
  for (auto folder : {"fit", "fit/corrupt", "gpx", "tcx", "apple-health"})
    for (const auto& entry : std::filesystem::directory_iterator(corpus() / folder))
      if (entry.is_regular_file() && parse_workout_file(read_file(entry.path())))
        CAF_ERROR(entry.path().string() << " was read as a workout file");
}

CAF_TEST(every exercise in the files is in the catalogue) {
  const auto graph = parse_muscles(read_file("catalogue/muscles.tsv"));
  CAF_REQUIRE(graph.has_value());
  const auto list = parse_catalogue(read_file("catalogue/exercises.tsv"), *graph);
  CAF_REQUIRE(list.has_value());
  std::vector<match_entry> entries;
  for (const auto& e : *list)
    entries.push_back({e.id, e.name, e.equipment, e.aliases, false});
  const exercise_index index{entries};
  for (auto folder : {"strong", "hevy"})
    for (const auto& path : files_in(folder))
      for (const auto& name : add_up(*parse_workout_file(read_file(path))).exercises)
        if (!index.find(name))
          CAF_ERROR(name << " is not in the catalogue");
}
