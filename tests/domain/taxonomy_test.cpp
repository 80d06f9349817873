#include "domain/taxonomy.hpp"

#define CAF_SUITE taxonomy
#include "caf/test/dsl.hpp"

#include "tests/domain/files.hpp"

#include <algorithm>
#include <set>

using namespace spotter::domain;
using spotter::tests::read_file;

namespace {

const std::string muscles_head = "taxonomy\t3\nslug\tname\tkind\tparents\n";
const std::string exercises_head =
  "slug\tname\tequipment\tmechanic\tforce\tcategory\tprimary\tsecondary\taliases\n";

taxonomy small_graph() {
  auto graph = parse_muscles(
    muscles_head + "lats\tLats\tmuscle\tback\nback\tBack\tregion\t\nbiceps\tBiceps\tmuscle\t\n");
  CAF_REQUIRE(graph.has_value());
  return *graph;
}

/// The fault and line of a graph or catalogue that must not pass.
template <class Result>
std::pair<catalogue_fault, std::size_t> fault_of(const Result& result) {
  CAF_REQUIRE(!result.has_value());
  CAF_CHECK(!result.error().message.empty());
  return {result.error().fault, result.error().line};
}

auto graph_fault(const std::string& lines) {
  return fault_of(parse_muscles(muscles_head + lines));
}

auto exercise_fault(const std::string& lines) {
  return fault_of(parse_catalogue(exercises_head + lines, small_graph()));
}

using fault_at = std::pair<catalogue_fault, std::size_t>;

const std::string curl = "curl\tCurl\tbarbell\tisolation\tpull\tstrength\tbiceps\t\tArm Curl\n";

} // namespace

CAF_TEST(parents come before their children) {
  const auto graph = small_graph();
  CAF_CHECK_EQUAL(graph.version, 3);
  CAF_REQUIRE_EQUAL(graph.muscles.size(), 3u);
  CAF_CHECK_EQUAL(graph.muscles[0].slug, "back");
  CAF_CHECK(graph.muscles[0].region);
  CAF_CHECK_EQUAL(graph.find("lats")->parents, std::vector<std::string>{"back"});
  CAF_CHECK(graph.find("wings") == nullptr);
}

CAF_TEST(errors in the graph name their line) {
  CAF_CHECK(fault_of(parse_muscles("")) == fault_at(catalogue_fault::bad_header, 1));
  CAF_CHECK(fault_of(parse_muscles("taxonomy\tx\n")) == fault_at(catalogue_fault::bad_header, 1));
  CAF_CHECK(fault_of(parse_muscles("taxonomy\t1\nx\n"))
            == fault_at(catalogue_fault::bad_header, 2));
  CAF_CHECK(graph_fault("a\tA\tregion\n") == fault_at(catalogue_fault::bad_fields, 3));
  CAF_CHECK(graph_fault("A b\tA\tregion\t\n") == fault_at(catalogue_fault::bad_slug, 3));
  CAF_CHECK(graph_fault("a\tA\torgan\t\n") == fault_at(catalogue_fault::unknown_value, 3));
  CAF_CHECK(graph_fault("a\tA\tmuscle\tb\n") == fault_at(catalogue_fault::unknown_muscle, 3));
  CAF_CHECK(graph_fault("a\tA\tregion\t\na\tB\tmuscle\t\n")
            == fault_at(catalogue_fault::duplicate, 4));
  CAF_CHECK(graph_fault("a\tA\tregion\t\nb\tB\tmuscle\ta|a\n")
            == fault_at(catalogue_fault::duplicate, 4));
}

CAF_TEST(a cycle is found wherever it is) {
  CAF_CHECK(graph_fault("a\tA\tregion\ta\n") == fault_at(catalogue_fault::cycle, 3));
  CAF_CHECK(graph_fault("x\tX\tregion\t\na\tA\tregion\tx|c\nb\tB\tregion\ta\nc\tC\tregion\tb\n")
            == fault_at(catalogue_fault::cycle, 4));
}

CAF_TEST(two ways up are no cycle) {
  const auto graph = parse_muscles(
    muscles_head + "d\tD\tmuscle\tb|c\nb\tB\tregion\ta\nc\tC\tregion\ta\na\tA\tregion\t\n");
  CAF_REQUIRE(graph.has_value());
  CAF_CHECK_EQUAL(graph->muscles.front().slug, "a");
  CAF_CHECK_EQUAL(graph->muscles.back().slug, "d");
}

CAF_TEST(reads an exercise) {
  const auto list = parse_catalogue(
    exercises_head
      + "chin-up\tChin Up\tbody_weight\tcompound\tpull\tstrength\tlats\tbiceps\tChins|Chinup\r\n",
    small_graph());
  CAF_REQUIRE(list.has_value());
  CAF_REQUIRE_EQUAL(list->size(), 1u);
  const auto& e = list->front();
  CAF_CHECK_EQUAL(e.id, exercise_id("chin-up"));
  CAF_CHECK_EQUAL(e.name, "Chin Up");
  CAF_CHECK_EQUAL(e.secondary, std::vector<std::string>{"biceps"});
  CAF_CHECK_EQUAL(e.aliases, (std::vector<std::string>{"Chins", "Chinup"}));
}

CAF_TEST(errors in the catalogue name their line) {
  using enum catalogue_fault;
  CAF_CHECK(fault_of(parse_catalogue("slug\n", small_graph())) == fault_at(bad_header, 1));
  CAF_CHECK(exercise_fault("a\tb\n") == fault_at(bad_fields, 2));
  CAF_CHECK(exercise_fault(curl + "\n") == fault_at(bad_fields, 3));
  CAF_CHECK(exercise_fault("-a\tA\tbarbell\t\t\tstrength\tbiceps\t\t\n") == fault_at(bad_slug, 2));
  CAF_CHECK(exercise_fault("a\t\tbarbell\t\t\tstrength\tbiceps\t\t\n") == fault_at(bad_fields, 2));
  CAF_CHECK(exercise_fault("a\tA\tbarbell\t\t\tstrength\t\t\t\n") == fault_at(bad_fields, 2));
  CAF_CHECK(exercise_fault("a\tA\tanvil\t\t\tstrength\tbiceps\t\t\n")
            == fault_at(unknown_value, 2));
  CAF_CHECK(exercise_fault("a\tA\tbarbell\tx\t\tstrength\tbiceps\t\t\n")
            == fault_at(unknown_value, 2));
  CAF_CHECK(exercise_fault("a\tA\tbarbell\t\tx\tstrength\tbiceps\t\t\n")
            == fault_at(unknown_value, 2));
  CAF_CHECK(exercise_fault("a\tA\tbarbell\t\t\tx\tbiceps\t\t\n") == fault_at(unknown_value, 2));
  CAF_CHECK(exercise_fault("a\tA\tbarbell\t\t\tstrength\twings\t\t\n")
            == fault_at(unknown_muscle, 2));
  CAF_CHECK(exercise_fault("a\tA\tbarbell\t\t\tstrength\tbiceps\tbiceps\t\n")
            == fault_at(duplicate, 2));
  CAF_CHECK(exercise_fault(curl + curl) == fault_at(duplicate, 3));
  CAF_CHECK(exercise_fault(curl + "a\tARM CURL\tbarbell\t\t\tstrength\tbiceps\t\t\n")
            == fault_at(duplicate, 3));
}

// Ids are stored in databases. If this test fails, the change is wrong, not the test.
CAF_TEST(ids never change) {
  CAF_CHECK_EQUAL(to_string(exercise_id("bench-press-barbell")),
                  "fa7be569-e14e-86b9-bc3c-85fe18e1a905");
  CAF_CHECK_EQUAL(to_string(exercise_id("squat-barbell")), "4ff64437-64f5-85e8-847a-c49b941f1f54");
}

CAF_TEST(the catalogue of the house is in order) {
  const auto graph = parse_muscles(read_file("catalogue/muscles.tsv"));
  CAF_REQUIRE(graph.has_value());
  const auto list = parse_catalogue(read_file("catalogue/exercises.tsv"), *graph);
  if (!list)
    CAF_FAIL("line " << list.error().line << ": " << list.error().message);
  CAF_CHECK(list->size() >= 800);
  std::set<uuid> ids;
  std::set<std::string> trained;
  for (const auto& e : *list) {
    ids.insert(e.id);
    trained.insert(e.primary.begin(), e.primary.end());
  }
  CAF_CHECK_EQUAL(ids.size(), list->size());
  // Every muscle is the main one of some exercise; a region need not be.
  for (const auto& m : graph->muscles)
    if (!m.region && !trained.contains(m.slug))
      CAF_ERROR("no exercise is for " << m.slug);
}
