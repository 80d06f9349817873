#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace spotter::domain {

/// A published formula that estimates the one-repetition maximum from a set of more repetitions.
enum class one_rep_max_formula : std::uint8_t {
  epley = 1, // w (1 + r/30)
  brzycki,   // 36 w / (37 − r), for r below 37
  lombardi,  // w r^0.10
  oconner,   // w (1 + r/40)
  mayhew,    // 100 w / (52.2 + 41.9 e^(−0.055 r))
  wathan,    // 100 w / (48.8 + 53.8 e^(−0.075 r))
};

/// "epley", "brzycki", "lombardi", "oconner", "mayhew" or "wathan".
[[nodiscard]] std::string_view to_string(one_rep_max_formula formula) noexcept;

/// Up to here the formulas agree within a few percent; an estimate from more is not to be relied
/// on.
inline constexpr double reliable_reps = 10;

/// The estimated one-repetition maximum, in the unit of `weight`. One repetition is the maximum
/// itself. Nullopt without a positive weight, below one repetition, and where the formula has no
/// value (Brzycki from 37 repetitions on). Repetitions left in reserve count as done: see
/// `effective_reps`.
[[nodiscard]] std::optional<double> one_rep_max(one_rep_max_formula formula, double weight,
                                                double reps) noexcept;

/// Repetitions that the set would have had if it had been taken to failure: those done plus those
/// in reserve, which are `rir`, or else 10 − `rpe` when that is known.
[[nodiscard]] double effective_reps(std::int32_t reps, std::optional<std::int32_t> rir,
                                    std::optional<double> rpe) noexcept;

/// The percent of the one-repetition maximum that `reps` repetitions at `rpe` correspond to, by the
/// usual RPE chart: with x = 9 − RPE + reps, 0.347619 x² − 4.60714 x + 99.9667 up to x = 2.92 and
/// −2.64249 x + 97.0955 beyond. Nullopt outside RPE 5 to 10 or 1 to 16 repetitions.
[[nodiscard]] std::optional<double> percent_of_max(std::int32_t reps, double rpe) noexcept;

} // namespace spotter::domain
