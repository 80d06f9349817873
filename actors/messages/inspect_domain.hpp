#pragma once

#include "domain/workout.hpp"

#include <caf/inspector_access.hpp>
#include <caf/inspector_access_base.hpp>

#include <type_traits>

// How CAF serialises the domain's types. Kept out of `domain`, which knows nothing of actors.

namespace caf {

template <>
struct inspector_access<spotter::domain::instant>
  : inspector_access_base<spotter::domain::instant> {
  template <class Inspector>
  static bool apply(Inspector& f, spotter::domain::instant& x) {
    auto get = [&x] { return spotter::domain::to_millis(x); };
    auto set = [&x](std::int64_t ms) {
      x = spotter::domain::from_millis(ms);
      return true;
    };
    return f.apply(get, set);
  }
};

} // namespace caf

namespace spotter::messages {

/// Serialises an enum whose values run from 1 to `Last` as one byte.
template <auto Last, class Inspector, class Enum>
bool inspect_enum(Inspector& f, Enum& x) {
  auto get = [&x] { return static_cast<std::uint8_t>(x); };
  auto set = [&x](std::uint8_t raw) {
    x = static_cast<Enum>(raw);
    return raw >= 1 && raw <= static_cast<std::uint8_t>(Last);
  };
  return f.apply(get, set);
}

} // namespace spotter::messages

namespace spotter::domain {

template <class Inspector>
bool inspect(Inspector& f, set_kind& x) {
  return messages::inspect_enum<set_kind::failure>(f, x);
}

template <class Inspector>
bool inspect(Inspector& f, workout_state& x) {
  return messages::inspect_enum<workout_state::finished>(f, x);
}

template <class Inspector>
bool inspect(Inspector& f, record_kind& x) {
  return messages::inspect_enum<record_kind::reps>(f, x);
}

template <class Inspector>
bool inspect(Inspector& f, effort& x) {
  return f.object(x).fields(f.field("reps", x.reps), f.field("weight", x.weight),
                            f.field("rpe", x.rpe), f.field("rir", x.rir),
                            f.field("distance_m", x.distance_m),
                            f.field("duration_ms", x.duration_ms), f.field("rest_ms", x.rest_ms));
}

template <class Inspector>
bool inspect(Inspector& f, set_entry& x) {
  return f.object(x).fields(f.field("set_id", x.set_id), f.field("exercise_id", x.exercise_id),
                            f.field("exercise_instance_id", x.exercise_instance_id),
                            f.field("kind", x.kind), f.field("actual", x.actual),
                            f.field("target", x.target), f.field("completed_at", x.completed_at));
}

template <class Inspector>
bool inspect(Inspector& f, set_record& x) {
  return f.object(x).fields(f.field("set_id", x.set_id), f.field("workout_id", x.workout_id),
                            f.field("exercise_instance_id", x.exercise_instance_id),
                            f.field("position", x.position), f.field("kind", x.kind),
                            f.field("actual", x.actual), f.field("target", x.target),
                            f.field("completed_at", x.completed_at), f.field("version", x.version),
                            f.field("created_at", x.created_at),
                            f.field("updated_at", x.updated_at), f.field("deleted", x.deleted));
}

template <class Inspector>
bool inspect(Inspector& f, exercise_instance& x) {
  return f.object(x).fields(
    f.field("instance_id", x.instance_id), f.field("workout_id", x.workout_id),
    f.field("exercise_id", x.exercise_id), f.field("own_exercise", x.own_exercise),
    f.field("position", x.position), f.field("superset", x.superset), f.field("notes", x.notes),
    f.field("version", x.version), f.field("sets", x.sets));
}

template <class Inspector>
bool inspect(Inspector& f, source_ref& x) {
  return f.object(x).fields(f.field("provider", x.provider), f.field("external_id", x.external_id),
                            f.field("payload_hash", x.payload_hash));
}

template <class Inspector>
bool inspect(Inspector& f, workout& x) {
  return f.object(x).fields(
    f.field("workout_id", x.workout_id), f.field("title", x.title), f.field("state", x.state),
    f.field("started_at", x.started_at), f.field("finished_at", x.finished_at),
    f.field("time_zone", x.time_zone), f.field("local_date", x.local_date),
    f.field("notes", x.notes), f.field("source", x.source), f.field("first_seq", x.first_seq),
    f.field("version", x.version), f.field("created_at", x.created_at),
    f.field("updated_at", x.updated_at), f.field("deleted", x.deleted),
    f.field("exercises", x.exercises));
}

template <class Inspector>
bool inspect(Inspector& f, workout_summary& x) {
  return f.object(x).fields(f.field("sets", x.sets), f.field("reps", x.reps),
                            f.field("volume_g", x.volume_g), f.field("exercises", x.exercises));
}

template <class Inspector>
bool inspect(Inspector& f, personal_record& x) {
  return f.object(x).fields(f.field("exercise_id", x.exercise_id), f.field("kind", x.kind),
                            f.field("value", x.value), f.field("set_id", x.set_id),
                            f.field("achieved_at", x.achieved_at));
}

} // namespace spotter::domain
