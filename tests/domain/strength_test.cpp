#include "domain/strength.hpp"

#define CAF_SUITE strength
#include "caf/test/dsl.hpp"

#include <cmath>

using namespace spotter::domain;

namespace {

bool near(std::optional<double> got, double want) {
  return got && std::fabs(*got - want) < 0.005;
}

constexpr one_rep_max_formula all[] = {one_rep_max_formula::epley,    one_rep_max_formula::brzycki,
                                       one_rep_max_formula::lombardi, one_rep_max_formula::oconner,
                                       one_rep_max_formula::mayhew,   one_rep_max_formula::wathan};

} // namespace

CAF_TEST(one hundred for five by each formula) {
  CAF_CHECK(near(one_rep_max(one_rep_max_formula::epley, 100, 5), 116.67));
  CAF_CHECK(near(one_rep_max(one_rep_max_formula::brzycki, 100, 5), 112.50));
  CAF_CHECK(near(one_rep_max(one_rep_max_formula::lombardi, 100, 5), 117.46));
  CAF_CHECK(near(one_rep_max(one_rep_max_formula::oconner, 100, 5), 112.50));
  CAF_CHECK(near(one_rep_max(one_rep_max_formula::mayhew, 100, 5), 119.01));
  CAF_CHECK(near(one_rep_max(one_rep_max_formula::wathan, 100, 5), 116.58));
}

CAF_TEST(one repetition is the maximum itself) {
  for (auto formula : all)
    CAF_CHECK(near(one_rep_max(formula, 142.5, 1), 142.5));
}

CAF_TEST(there is no estimate without a weight or a repetition) {
  for (auto formula : all) {
    CAF_CHECK(!one_rep_max(formula, 0, 5));
    CAF_CHECK(!one_rep_max(formula, -20, 5));
    CAF_CHECK(!one_rep_max(formula, 100, 0));
    CAF_CHECK(!one_rep_max(formula, NAN, 5));
    CAF_CHECK(!one_rep_max(formula, 100, INFINITY));
  }
}

CAF_TEST(brzycki ends before 37 repetitions) {
  CAF_CHECK(near(one_rep_max(one_rep_max_formula::brzycki, 100, 36), 3600));
  CAF_CHECK(!one_rep_max(one_rep_max_formula::brzycki, 100, 37));
}

CAF_TEST(repetitions in reserve count as done) {
  CAF_CHECK_EQUAL(effective_reps(5, 2, 9.0), 7.0);
  CAF_CHECK_EQUAL(effective_reps(5, std::nullopt, 8.5), 6.5);
  CAF_CHECK_EQUAL(effective_reps(5, std::nullopt, std::nullopt), 5.0);
  CAF_CHECK_EQUAL(effective_reps(5, std::nullopt, 2.0), 5.0);
}

CAF_TEST(the chart gives the percents in common use) {
  CAF_CHECK(near(percent_of_max(1, 10), 99.97));
  CAF_CHECK(near(percent_of_max(3, 10), 92.14));
  CAF_CHECK(near(percent_of_max(5, 10), 86.53));
  CAF_CHECK(near(percent_of_max(5, 8), 81.24));
  CAF_CHECK(near(percent_of_max(1, 9), 95.71));
  CAF_CHECK(!percent_of_max(0, 8));
  CAF_CHECK(!percent_of_max(17, 8));
  CAF_CHECK(!percent_of_max(5, 4.5));
  CAF_CHECK(!percent_of_max(5, 10.5));
}
