#include "domain/workout.hpp"

#define CAF_SUITE workout
#include "caf/test/dsl.hpp"

using namespace spotter::domain;

namespace {

set_record a_set(set_kind kind, std::optional<std::int32_t> reps, std::optional<weight> load) {
  set_record set;
  set.set_id = make_uuid_v7();
  set.kind = kind;
  set.actual.reps = reps;
  set.actual.weight = load;
  return set;
}

const weight kg_100{100, weight_unit::kg};

} // namespace

CAF_TEST(kinds read back from their names) {
  for (auto kind : {set_kind::normal, set_kind::warmup, set_kind::dropset, set_kind::failure})
    CAF_CHECK(parse_set_kind(to_string(kind)) == kind);
  CAF_CHECK(!parse_set_kind("Warmup"));
}

CAF_TEST(pounds become grams to the nearest) {
  CAF_CHECK_EQUAL((weight{45, weight_unit::lb}.grams()), 20412);
  CAF_CHECK_EQUAL((weight{2.5, weight_unit::kg}.grams()), 2500);
  CAF_CHECK(parse_weight_unit("lbs") == weight_unit::lb);
  CAF_CHECK(!parse_weight_unit("stone"));
}

CAF_TEST(the summary leaves out warmups and deleted sets) {
  workout w;
  auto& sets = w.exercises.emplace_back().sets;
  sets.push_back(a_set(set_kind::warmup, 10, weight{20, weight_unit::kg}));
  sets.push_back(a_set(set_kind::normal, 5, kg_100));
  sets.push_back(a_set(set_kind::failure, 4, kg_100));
  sets.push_back(a_set(set_kind::normal, std::nullopt, std::nullopt));
  sets.push_back(a_set(set_kind::normal, 5, kg_100));
  sets.back().deleted = true;
  const auto sum = summarise(w);
  CAF_CHECK_EQUAL(sum.sets, 3);
  CAF_CHECK_EQUAL(sum.reps, 9);
  CAF_CHECK_EQUAL(sum.volume_g, 900'000);
}

CAF_TEST(the first set with load sets a weight and an estimate) {
  const auto records = new_records(a_set(set_kind::normal, 5, kg_100), uuid{}, {});
  CAF_REQUIRE_EQUAL(records.size(), 2u);
  CAF_CHECK(records[0].kind == record_kind::weight);
  CAF_CHECK_EQUAL(records[0].value, 100.0);
  CAF_CHECK(records[1].kind == record_kind::e1rm);
  CAF_CHECK_EQUAL(records[1].value, 100 * (1 + 5 / 30.0));
}

CAF_TEST(equalling a record is no record) {
  const auto best = new_records(a_set(set_kind::normal, 5, kg_100), uuid{}, {});
  CAF_CHECK(new_records(a_set(set_kind::normal, 5, kg_100), uuid{}, best).empty());
  // The same weight, entered in pounds.
  CAF_CHECK(new_records(a_set(set_kind::normal, 5, weight{220.462, weight_unit::lb}), uuid{}, best)
              .empty());
  const auto more = new_records(a_set(set_kind::normal, 6, kg_100), uuid{}, best);
  CAF_REQUIRE_EQUAL(more.size(), 1u);
  CAF_CHECK(more[0].kind == record_kind::e1rm);
}

CAF_TEST(warmups and empty or deleted sets set no record) {
  auto deleted = a_set(set_kind::normal, 5, kg_100);
  deleted.deleted = true;
  CAF_CHECK(new_records(deleted, uuid{}, {}).empty());
  CAF_CHECK(new_records(a_set(set_kind::warmup, 5, kg_100), uuid{}, {}).empty());
  CAF_CHECK(new_records(a_set(set_kind::normal, 0, kg_100), uuid{}, {}).empty());
  CAF_CHECK(new_records(a_set(set_kind::normal, std::nullopt, kg_100), uuid{}, {}).empty());
}

CAF_TEST(without load the repetitions count) {
  const auto records = new_records(a_set(set_kind::normal, 20, std::nullopt), uuid{}, {});
  CAF_REQUIRE_EQUAL(records.size(), 1u);
  CAF_CHECK(records[0].kind == record_kind::reps);
  CAF_CHECK_EQUAL(records[0].value, 20.0);
}

CAF_TEST(more than ten repetitions estimate nothing) {
  const auto records = new_records(a_set(set_kind::normal, 11, kg_100), uuid{}, {});
  CAF_REQUIRE_EQUAL(records.size(), 1u);
  CAF_CHECK(records[0].kind == record_kind::weight);
}
