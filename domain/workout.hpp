#pragma once

#include "domain/time.hpp"
#include "domain/uuid.hpp"
#include "domain/weight.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spotter::domain {

/// What a set was for.
enum class set_kind : std::uint8_t { normal = 1, warmup, dropset, failure };

/// "normal", "warmup", "dropset" or "failure".
[[nodiscard]] std::string_view to_string(set_kind kind) noexcept;

/// The inverse of `to_string`; anything else is nullopt.
[[nodiscard]] std::optional<set_kind> parse_set_kind(std::string_view text) noexcept;

/// What was done in a set, or what was planned for it. Absent means not measured, never zero.
struct effort {
  std::optional<std::int32_t> reps;        // 0 to 10,000
  std::optional<domain::weight> weight;    // as entered; 0 to 2 t
  std::optional<double> rpe;               // rating of perceived exertion, 1 to 10 in halves
  std::optional<std::int32_t> rir;         // repetitions in reserve, 0 to 20
  std::optional<double> distance_m;        // metres, 0 to 1,000 km
  std::optional<std::int64_t> duration_ms; // milliseconds, 0 to 7 days
  std::optional<std::int64_t> rest_ms;     // rest after the set, milliseconds, 0 to 1 day

  friend bool operator==(const effort&, const effort&) = default;
};

/// A set as a client sends it. `exercise_instance_id` says to which instance it belongs; without
/// one it joins the workout's last instance of the exercise, or opens a new one.
struct set_entry {
  std::optional<uuid> set_id;
  uuid exercise_id;
  std::optional<uuid> exercise_instance_id;
  set_kind kind = set_kind::normal;
  effort actual;
  std::optional<effort> target;
  std::optional<instant> completed_at;

  friend bool operator==(const set_entry&, const set_entry&) = default;
};

/// A stored set. `version` is the `seq` of the event that last changed it.
struct set_record {
  uuid set_id;
  uuid workout_id;
  uuid exercise_instance_id;
  std::int32_t position = 0; // order within the instance, from 0
  set_kind kind = set_kind::normal;
  effort actual;
  std::optional<effort> target;
  instant completed_at;
  std::int64_t version = 0;
  instant created_at;
  instant updated_at;
  bool deleted = false;

  friend bool operator==(const set_record&, const set_record&) = default;
};

/// One exercise as it was done in a workout, with its sets in order.
struct exercise_instance {
  uuid instance_id;
  uuid workout_id;
  uuid exercise_id;
  bool own_exercise = false; // the exercise is the athlete's own, not the catalogue's
  std::int32_t position = 0; // order within the workout, from 0
  std::optional<std::int32_t> superset;
  std::string notes;
  std::int64_t version = 0;
  std::vector<set_record> sets;

  friend bool operator==(const exercise_instance&, const exercise_instance&) = default;
};

/// The life of a workout.
enum class workout_state : std::uint8_t { live = 1, finished };

/// "live" or "finished".
[[nodiscard]] std::string_view to_string(workout_state state) noexcept;

/// Where an imported row came from; a row without one was logged in Spotter.
struct source_ref {
  std::string provider;    // "strong", "hevy"
  std::string external_id; // stable within the provider
  std::string payload_hash;

  friend bool operator==(const source_ref&, const source_ref&) = default;
};

/// A stored workout; `exercises` holds its instances where a full one is meant.
struct workout {
  uuid workout_id;
  std::string title;
  workout_state state = workout_state::live;
  instant started_at;
  std::optional<instant> finished_at;
  std::string time_zone;  // IANA name
  std::string local_date; // the athlete's date at the start, yyyy-mm-dd
  std::string notes;
  std::optional<source_ref> source;
  std::int64_t first_seq = 0; // the event that created it
  std::int64_t version = 0;   // the event that last changed it, its instances or its sets
  instant created_at;
  instant updated_at;
  bool deleted = false;
  std::vector<exercise_instance> exercises;

  friend bool operator==(const workout&, const workout&) = default;
};

/// What a personal record measures.
enum class record_kind : std::uint8_t { weight = 1, e1rm, reps };

/// "weight" (heaviest set, kg), "e1rm" (Epley estimate of the one-rep maximum, kg) or "reps"
/// (most repetitions without added weight).
[[nodiscard]] std::string_view to_string(record_kind kind) noexcept;

/// The best that an athlete has done in one exercise by one measure.
struct personal_record {
  uuid exercise_id;
  record_kind kind = record_kind::weight;
  double value = 0; // kg, or repetitions
  uuid set_id;
  instant achieved_at;

  friend bool operator==(const personal_record&, const personal_record&) = default;
};

/// Sums over the sets of a workout that are not deleted; warm-ups do not count.
struct workout_summary {
  std::int32_t sets = 0;
  std::int64_t reps = 0;
  std::int64_t volume_g = 0; // Σ weight in grams × repetitions
  std::int32_t exercises = 0;
};

/// Adds up a full workout.
[[nodiscard]] workout_summary summarise(const workout& w) noexcept;

/// The personal records that `done` sets against `best`, the records so far of the same exercise.
/// Warm-ups, sets without repetitions and deleted sets set none; the first ever set of an exercise does.
/// e1RM is Epley's w(1+r/30), for 1 to 10 repetitions; one repetition counts as the weight itself.
[[nodiscard]] std::vector<personal_record> new_records(const set_record& done,
                                                       const uuid& exercise_id,
                                                       const std::vector<personal_record>& best);

} // namespace spotter::domain
