#include "domain/workout.hpp"

#include <algorithm>

namespace spotter::domain {

std::string_view to_string(set_kind kind) noexcept {
  switch (kind) {
    case set_kind::normal:
      return "normal";
    case set_kind::warmup:
      return "warmup";
    case set_kind::dropset:
      return "dropset";
    case set_kind::failure:
      return "failure";
  }
  return "normal";
}

std::optional<set_kind> parse_set_kind(std::string_view text) noexcept {
  for (const auto kind : {set_kind::normal, set_kind::warmup, set_kind::dropset, set_kind::failure})
    if (to_string(kind) == text)
      return kind;
  return std::nullopt;
}

std::string_view to_string(workout_state state) noexcept {
  return state == workout_state::live ? "live" : "finished";
}

std::string_view to_string(record_kind kind) noexcept {
  switch (kind) {
    case record_kind::weight:
      return "weight";
    case record_kind::e1rm:
      return "e1rm";
    case record_kind::reps:
      return "reps";
  }
  return "weight";
}

workout_summary summarise(const workout& w) noexcept {
  workout_summary sum;
  sum.exercises = static_cast<std::int32_t>(w.exercises.size());
  for (const auto& instance : w.exercises)
    for (const auto& set : instance.sets) {
      if (set.deleted || set.kind == set_kind::warmup)
        continue;
      ++sum.sets;
      const auto reps = set.actual.reps.value_or(0);
      sum.reps += reps;
      if (set.actual.weight)
        sum.volume_g += set.actual.weight->grams() * reps;
    }
  return sum;
}

std::vector<personal_record> new_records(const set_record& done, const uuid& exercise_id,
                                         const std::vector<personal_record>& best) {
  std::vector<personal_record> out;
  if (done.deleted || done.kind == set_kind::warmup || done.actual.reps.value_or(0) < 1)
    return out;
  const auto beats = [&](record_kind kind, double value) {
    const auto it = std::find_if(best.begin(), best.end(), [&](const personal_record& r) {
      return r.kind == kind && r.exercise_id == exercise_id;
    });
    // A gram's worth of slack: the same lift through another unit is not a new record.
    if (it == best.end() || value > it->value + 0.001)
      out.push_back({exercise_id, kind, value, done.set_id, done.completed_at});
  };
  const auto reps = *done.actual.reps;
  const double kg =
    done.actual.weight ? static_cast<double>(done.actual.weight->grams()) / 1000 : 0;
  if (kg > 0) {
    beats(record_kind::weight, kg);
    if (reps <= 10)
      beats(record_kind::e1rm, reps == 1 ? kg : kg * (1 + reps / 30.0));
  } else {
    beats(record_kind::reps, reps);
  }
  return out;
}

} // namespace spotter::domain
