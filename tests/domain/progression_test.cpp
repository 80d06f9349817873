#include "domain/progression.hpp"

#define CAF_SUITE progression
#include "caf/test/dsl.hpp"

using namespace spotter::domain;

namespace {

past_set done(std::int64_t grams, std::int32_t reps, set_kind kind = set_kind::normal) {
  past_set set;
  set.kind = kind;
  set.reps = reps;
  set.weight_g = grams;
  return set;
}

past_session session(std::int64_t grams, std::initializer_list<std::int32_t> reps) {
  past_session result;
  for (auto r : reps)
    result.sets.push_back(done(grams, r));
  return result;
}

const auto kilos = progression_rules::for_unit(weight_unit::kg);
const auto pounds = progression_rules::for_unit(weight_unit::lb);

bool says(const set_suggestion& s, std::string_view part) {
  return s.explanation.find(part) != std::string::npos;
}

} // namespace

CAF_TEST(without history it says so and suggests no load) {
  const auto s = double_progression({}, {}, kilos);
  CAF_CHECK(s.reason == progression_reason::no_history);
  CAF_CHECK(!s.load);
  CAF_CHECK(!s.reps);
  CAF_CHECK(says(s, "no earlier working set"));
  CAF_CHECK(says(s, "Start light"));
}

CAF_TEST(all sets at the top add load and start from the bottom) {
  const auto s = double_progression({session(60'000, {12, 12, 13})}, {}, kilos);
  CAF_CHECK(s.reason == progression_reason::add_load);
  CAF_CHECK_EQUAL(*s.weight_g(), 62'500);
  CAF_CHECK_EQUAL(*s.reps, 8);
  CAF_CHECK(s.kind == set_kind::normal);
  CAF_CHECK(says(s, "all 3 sets at 60 kg reached 12"));
  CAF_CHECK(says(s, "62.5 kg for 8"));
}

CAF_TEST(one set short of the top asks for repetitions only) {
  const auto s = double_progression({session(60'000, {12, 12, 11})}, {}, kilos);
  CAF_CHECK(s.reason == progression_reason::add_reps);
  CAF_CHECK_EQUAL(*s.weight_g(), 60'000);
  CAF_CHECK_EQUAL(*s.reps, 12);
}

CAF_TEST(each set has its own aim) {
  const std::vector history{session(60'000, {11, 10, 9})};
  CAF_CHECK_EQUAL(*double_progression(history, {}, kilos).reps, 12);
  CAF_CHECK_EQUAL(*double_progression(history, session(60'000, {12}), kilos).reps, 11);
  CAF_CHECK_EQUAL(*double_progression(history, session(60'000, {12, 11}), kilos).reps, 10);
  // Beyond last time's sets, the last of them counts.
  CAF_CHECK_EQUAL(*double_progression(history, session(60'000, {12, 11, 10, 10}), kilos).reps, 10);
}

CAF_TEST(repetitions in reserve allow two more) {
  past_session last = session(60'000, {8});
  last.sets[0].rir = 3;
  const auto s = double_progression({last}, {}, kilos);
  CAF_CHECK_EQUAL(*s.reps, 10);
  CAF_CHECK(says(s, "3 in reserve"));
  last.sets[0].rir.reset();
  last.sets[0].rpe = 8;
  CAF_CHECK_EQUAL(*double_progression({last}, {}, kilos).reps, 10);
  last.sets[0].rpe = 9.5;
  CAF_CHECK_EQUAL(*double_progression({last}, {}, kilos).reps, 9);
}

CAF_TEST(missing the bottom once repeats the load) {
  const auto s = double_progression({session(60'000, {8, 7}), session(57'500, {8, 7})}, {}, kilos);
  CAF_CHECK(s.reason == progression_reason::repeat_load);
  CAF_CHECK_EQUAL(*s.weight_g(), 60'000);
  CAF_CHECK_EQUAL(*s.reps, 8);
}

CAF_TEST(missing the bottom twice takes a tenth off in whole steps) {
  const auto s = double_progression({session(62'500, {8, 7}), session(62'500, {7, 6})}, {}, kilos);
  CAF_CHECK(s.reason == progression_reason::reduce_load);
  // 56.25 kg, down to the next 2.5.
  CAF_CHECK_EQUAL(*s.weight_g(), 55'000);
  CAF_CHECK(says(s, "(7, 6; then 8, 7)"));
  CAF_CHECK(says(s, "55 kg for 8"));
  const auto exact = double_progression({session(100'000, {7}), session(100'000, {7})}, {}, kilos);
  CAF_CHECK_EQUAL(*exact.weight_g(), 90'000);
}

CAF_TEST(a reduced load never ends at nothing) {
  const auto s = double_progression({session(2'500, {5}), session(2'500, {5})}, {}, kilos);
  CAF_CHECK(s.reason == progression_reason::reduce_load);
  CAF_CHECK_EQUAL(*s.weight_g(), 2'500);
}

CAF_TEST(pounds stay whole pounds) {
  const auto grams = weight{135, weight_unit::lb}.grams();
  const auto more = double_progression({session(grams, {12, 12})}, {}, pounds);
  CAF_REQUIRE(more.load.has_value());
  CAF_CHECK_EQUAL(more.load->value, 140.0);
  CAF_CHECK(more.load->unit == weight_unit::lb);
  CAF_CHECK(says(more, "135 lb"));
  CAF_CHECK(says(more, "Add 5 lb"));
  const auto less = double_progression({session(grams, {6}), session(grams, {6})}, {}, pounds);
  CAF_CHECK_EQUAL(less.load->value, 120.0);
}

CAF_TEST(warmups and drop sets are not judged) {
  past_session last = session(80'000, {12, 12});
  last.sets.insert(last.sets.begin(), done(40'000, 5, set_kind::warmup));
  last.sets.push_back(done(60'000, 6, set_kind::dropset));
  const auto s = double_progression({last}, {}, kilos);
  CAF_CHECK(s.reason == progression_reason::add_load);
  CAF_CHECK_EQUAL(*s.weight_g(), 82'500);
}

CAF_TEST(sessions of warmups only are passed over) {
  past_session warm;
  warm.sets.push_back(done(20'000, 12, set_kind::warmup));
  const auto s = double_progression({warm, session(60'000, {12})}, {}, kilos);
  CAF_CHECK(s.reason == progression_reason::add_load);
  CAF_CHECK(double_progression({warm}, {}, kilos).reason == progression_reason::no_history);
}

CAF_TEST(the load of most sets is the load of the session) {
  past_session last = session(60'000, {12, 12});
  last.sets.push_back(done(50'000, 15));
  CAF_CHECK_EQUAL(*double_progression({last}, {}, kilos).weight_g(), 62'500);
  past_session tie = session(60'000, {9});
  tie.sets.push_back(done(50'000, 12));
  CAF_CHECK_EQUAL(*double_progression({tie}, {}, kilos).weight_g(), 60'000);
}

CAF_TEST(a set today below the bottom eases the next one) {
  const auto s = double_progression({session(60'000, {10, 10})}, session(62'500, {6}), kilos);
  CAF_CHECK(s.reason == progression_reason::ease_today);
  CAF_CHECK_EQUAL(*s.weight_g(), 60'000);
  CAF_CHECK_EQUAL(*s.reps, 8);
}

CAF_TEST(a set today off the plan is followed) {
  const auto s = double_progression({session(60'000, {10, 10})}, session(70'000, {9}), kilos);
  CAF_CHECK(s.reason == progression_reason::repeat_load);
  CAF_CHECK_EQUAL(*s.weight_g(), 70'000);
  CAF_CHECK_EQUAL(*s.reps, 9);
}

CAF_TEST(the very first session carries on with itself) {
  const auto s = double_progression({}, session(40'000, {15}), kilos);
  CAF_CHECK_EQUAL(*s.weight_g(), 40'000);
  CAF_CHECK_EQUAL(*s.reps, 12);
}

CAF_TEST(without load the repetitions grow beyond the range) {
  past_session last;
  last.sets.push_back(past_set{});
  last.sets[0].reps = 12;
  const auto s = double_progression({last}, {}, kilos);
  CAF_CHECK(s.reason == progression_reason::add_reps);
  CAF_CHECK(!s.load);
  CAF_CHECK_EQUAL(*s.reps, 13);
}

CAF_TEST(the same history gives the same words) {
  const std::vector history{session(62'500, {8, 7}), session(62'500, {7, 6})};
  CAF_CHECK_EQUAL(double_progression(history, {}, kilos).explanation,
                  double_progression(history, {}, kilos).explanation);
}

CAF_TEST(rules outside reason are not valid) {
  CAF_CHECK(kilos.valid());
  CAF_CHECK(pounds.valid());
  CAF_CHECK(!(progression_rules{0, 12, {2.5, weight_unit::kg}}.valid()));
  CAF_CHECK(!(progression_rules{13, 12, {2.5, weight_unit::kg}}.valid()));
  CAF_CHECK(!(progression_rules{8, 12, {0, weight_unit::kg}}.valid()));
  CAF_CHECK(!(progression_rules{8, 12, {101, weight_unit::kg}}.valid()));
  CAF_CHECK(!(progression_rules{8, 101, {2.5, weight_unit::kg}}.valid()));
}
