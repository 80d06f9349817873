#include "domain/matching.hpp"

#define CAF_SUITE matching
#include "caf/test/dsl.hpp"

#include "domain/taxonomy.hpp"
#include "tests/domain/files.hpp"

#include <algorithm>
#include <map>

using namespace spotter::domain;
using spotter::tests::read_file;

namespace {

uuid id_of(std::uint8_t n) {
  uuid id;
  id.bytes[15] = n;
  return id;
}

const std::vector<match_entry> gym{
  {id_of(1), "Bench Press (Barbell)", "barbell", {"Flat Barbell Bench Press"}},
  {id_of(2), "Bench Press (Dumbbell)", "dumbbell", {}},
  {id_of(3), "Pull Up", "body_weight", {}},
  {id_of(4), "Leg Press", "machine", {}},
  {id_of(5), "Skull Crusher", "ez_bar", {}},
  {id_of(6), "Squat (Smith Machine)", "smith_machine", {}},
  {id_of(7), "Single Arm Row (Dumbbell)", "dumbbell", {}},
  {id_of(8), "Chest Fly (Machine)", "machine", {"Butterfly"}},
  {id_of(9), "Farmer's Walk", "other", {}},
};

} // namespace

CAF_TEST(names and aliases match letter for letter) {
  const exercise_index index{gym};
  CAF_CHECK(index.find("Bench Press (Barbell)") == id_of(1));
  CAF_CHECK(index.find("Flat Barbell Bench Press") == id_of(1));
  CAF_CHECK(index.find("Butterfly") == id_of(8));
}

CAF_TEST(case and punctuation and plurals and order do not count) {
  const exercise_index index{gym};
  CAF_CHECK(index.find("bench press - barbell") == id_of(1));
  CAF_CHECK(index.find("  BARBELL   BENCH-PRESSES ") == id_of(1));
  CAF_CHECK(index.find("Pull-Ups") == id_of(3));
  CAF_CHECK(index.find("pullups") == id_of(3));
  CAF_CHECK(index.find("Skullcrushers") == id_of(5));
  CAF_CHECK(index.find("one-arm dumbbell row") == id_of(7));
  CAF_CHECK(index.find("chest flyes (machine)") == id_of(8));
  CAF_CHECK(index.find("Farmers Walk") == id_of(9));
}

CAF_TEST(equipment means the same in brackets and in front) {
  const exercise_index index{gym};
  CAF_CHECK(index.find("Dumbbell Bench Press") == id_of(2));
  CAF_CHECK(index.find("DB Bench Press") == id_of(2));
  CAF_CHECK(index.find("Smith Squat") == id_of(6));
}

CAF_TEST(equipment that a name leaves out is taken from the exercise) {
  const exercise_index index{gym};
  CAF_CHECK(index.find("Leg Press (Machine)") == id_of(4));
  CAF_CHECK(index.find("Pull Up (Bodyweight)") == id_of(3));
  CAF_CHECK(index.find("Skullcrusher (EZ Bar)") == id_of(5));
  CAF_CHECK(index.find("E-Z bar skull crusher") == id_of(5));
}

CAF_TEST(other equipment is another exercise) {
  const exercise_index index{gym};
  CAF_CHECK(!index.find("Bench Press (Cable)"));
  CAF_CHECK(!index.find("Leg Press (Smith Machine)"));
  CAF_CHECK(!index.find("Squat (Machine)"));
  CAF_CHECK(!index.find("Bench Press"));
}

CAF_TEST(what is not there does not match) {
  const exercise_index index{gym};
  for (auto name : {"", " ", "()", "Press", "Underwater Bench Press (Barbell)", "卧推"})
    CAF_CHECK(!index.find(name));
  CAF_CHECK(!index.find(std::string(100'000, 'x')));
  CAF_CHECK(!exercise_index{{}}.find("Pull Up"));
}

CAF_TEST(two that match equally well match not at all) {
  const exercise_index index{{{id_of(1), "Press Back", "", {}}, {id_of(2), "Back Press", "", {}}}};
  CAF_CHECK(!index.find("back-press"));
  CAF_CHECK(index.find("Back Press") == id_of(2));
}

CAF_TEST(a name is worth more than an alias) {
  const exercise_index index{
    {{id_of(1), "Standing Row", "", {"Rower"}}, {id_of(2), "Rower", "", {}}}};
  CAF_CHECK(index.find("Rower") == id_of(2));
  CAF_CHECK(index.find("rowers") == id_of(2));
}

CAF_TEST(an own exercise wins over the shared one of its name) {
  auto entries = gym;
  entries.push_back({id_of(20), "pull up", "", {}, true});
  const exercise_index index{entries};
  CAF_CHECK(index.find("PULL UP") == id_of(20));
  CAF_CHECK(index.find("Pull Up") == id_of(3));
}

CAF_TEST(letters outside ASCII are kept) {
  const exercise_index index{{{id_of(1), "Bankdrücken", "barbell", {}}}};
  CAF_CHECK(index.find("bankdrücken (barbell)") == id_of(1));
  CAF_CHECK(!index.find("bankdrucken"));
}

CAF_TEST(the order of the entries does not matter) {
  auto entries = gym;
  std::reverse(entries.begin(), entries.end());
  const exercise_index forwards{gym};
  const exercise_index backwards{entries};
  for (auto name : {"bench press (barbell)", "pullup", "leg press (machine)", "row", "butterflies"})
    CAF_CHECK(forwards.find(name) == backwards.find(name));
}

CAF_TEST(every name of the catalogue finds its exercise) {
  const auto graph = parse_muscles(read_file("catalogue/muscles.tsv"));
  CAF_REQUIRE(graph.has_value());
  const auto list = parse_catalogue(read_file("catalogue/exercises.tsv"), *graph);
  CAF_REQUIRE(list.has_value());
  std::vector<match_entry> entries;
  for (const auto& e : *list)
    entries.push_back({e.id, e.name, e.equipment, e.aliases, false});
  const exercise_index index{entries};
  std::size_t by_form = 0;
  std::size_t names = 0;
  for (const auto& e : entries) {
    auto all = e.aliases;
    all.push_back(e.name);
    for (const auto& name : all) {
      if (index.find(name) != e.id)
        CAF_ERROR(name << " does not find its exercise");
      ++names;
      by_form += index.find(name + ".") == e.id ? 1 : 0;
    }
  }
  // A few pairs have one normal form; they must stay few.
  CAF_CHECK(names - by_form < names / 50);
}
