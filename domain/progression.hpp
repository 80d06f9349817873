#pragma once

#include "domain/weight.hpp"
#include "domain/workout.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spotter::domain {

/// A set as the progression rules see it.
struct past_set {
  set_kind kind = set_kind::normal;
  std::optional<std::int32_t> reps;
  std::optional<std::int64_t> weight_g; // absent and 0 both mean: no load added
  std::optional<std::int32_t> rir;
  std::optional<double> rpe;
};

/// What was done of one exercise in one workout, in order.
struct past_session {
  std::vector<past_set> sets;
};

/// The settings of double progression.
struct progression_rules {
  std::int32_t min_reps = 8;
  std::int32_t max_reps = 12;
  /// The smallest step of load; its unit is the one in which suggestions are made.
  weight increment{2.5, weight_unit::kg};

  /// 8 to 12 repetitions, in steps of 2.5 kg or 5 lb.
  [[nodiscard]] static progression_rules for_unit(weight_unit unit) noexcept;

  /// True when 1 ≤ min ≤ max ≤ 100 and the increment is positive and at most 100 kg.
  [[nodiscard]] bool valid() const noexcept;
};

/// Why a set is suggested as it is.
enum class progression_reason : std::uint8_t {
  no_history = 1, // nothing was done yet: no weight and no repetitions are suggested
  add_load,       // all sets reached the top of the range
  add_reps,       // within the range: the same load, more repetitions
  repeat_load,    // the last session missed the bottom of the range once, or today's set before
                  // this one was done off the plan: the same load again
  reduce_load,    // the last two sessions missed it at the same load: 10 % less
  ease_today,     // the set before this one, today, missed it: one step less
};

/// "no_history", "add_load", …
[[nodiscard]] std::string_view to_string(progression_reason reason) noexcept;

/// The next set to do.
struct set_suggestion {
  std::optional<weight> load;       // absent: none was ever recorded, or there is no history
  std::optional<std::int32_t> reps; // absent without history
  set_kind kind = set_kind::normal;
  progression_reason reason = progression_reason::no_history;
  std::string explanation; // one or two English sentences with the numbers that decided

  /// The load in grams.
  [[nodiscard]] std::optional<std::int64_t> weight_g() const noexcept;
};

/// Double progression, version 1: repetitions grow from the bottom of the range to its top, then
/// the load grows by one increment and the repetitions start at the bottom again.
///
/// `history` holds finished sessions of one exercise, the newest first; `today` the sets done so
/// far in the running one. Only working sets with repetitions count: warm-ups and drop sets do not.
/// A session's load is the one that most of its working sets had (the heavier one in a tie), and
/// only the sets at that load are judged. Sessions without a working set are passed over. Pure: the
/// same input always gives the same suggestion. `rules` must be valid.
[[nodiscard]] set_suggestion double_progression(const std::vector<past_session>& history,
                                                const past_session& today,
                                                const progression_rules& rules);

} // namespace spotter::domain
