#include "domain/strength.hpp"

#include <cmath>

namespace spotter::domain {

std::string_view to_string(one_rep_max_formula formula) noexcept {
  switch (formula) {
    case one_rep_max_formula::epley:
      return "epley";
    case one_rep_max_formula::brzycki:
      return "brzycki";
    case one_rep_max_formula::lombardi:
      return "lombardi";
    case one_rep_max_formula::oconner:
      return "oconner";
    case one_rep_max_formula::mayhew:
      return "mayhew";
    case one_rep_max_formula::wathan:
      return "wathan";
  }
  return "unknown";
}

std::optional<double> one_rep_max(one_rep_max_formula formula, double weight,
                                  double reps) noexcept {
  if (!(weight > 0) || !(reps >= 1) || !std::isfinite(weight) || !std::isfinite(reps))
    return std::nullopt;
  if (reps == 1)
    return weight;
  switch (formula) {
    case one_rep_max_formula::epley:
      return weight * (1 + reps / 30);
    case one_rep_max_formula::brzycki:
      if (reps >= 37)
        return std::nullopt;
      return 36 * weight / (37 - reps);
    case one_rep_max_formula::lombardi:
      return weight * std::pow(reps, 0.10);
    case one_rep_max_formula::oconner:
      return weight * (1 + reps / 40);
    case one_rep_max_formula::mayhew:
      return 100 * weight / (52.2 + 41.9 * std::exp(-0.055 * reps));
    case one_rep_max_formula::wathan:
      return 100 * weight / (48.8 + 53.8 * std::exp(-0.075 * reps));
  }
  return std::nullopt;
}

double effective_reps(std::int32_t reps, std::optional<std::int32_t> rir,
                      std::optional<double> rpe) noexcept {
  const auto done = static_cast<double>(reps);
  if (rir)
    return done + *rir;
  // Below RPE 5 nobody can tell how many were left.
  if (rpe && *rpe >= 5 && *rpe <= 10)
    return done + (10 - *rpe);
  return done;
}

std::optional<double> percent_of_max(std::int32_t reps, double rpe) noexcept {
  if (reps < 1 || reps > 16 || !(rpe >= 5 && rpe <= 10))
    return std::nullopt;
  const double x = 9 - rpe + reps;
  if (x <= 2.92)
    return 0.347619 * x * x - 4.60714 * x + 99.9667;
  return -2.64249 * x + 97.0955;
}

} // namespace spotter::domain
