#pragma once

#include "actors/messages/inspect_domain.hpp"
#include "actors/messages/shared_text.hpp"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace spotter::messages {

/// A place in a user's story. `seq` counts from 1 without gaps; `epoch` is that of the shard's
/// owner which committed the event.
struct position {
  std::int64_t epoch = 0;
  std::int64_t seq = 0;

  friend bool operator==(const position&, const position&) = default;
};

/// What happened. The numbers are stored: append only.
enum class event_name : std::uint8_t {
  workout_started = 1,
  workout_updated,
  workout_finished,
  workout_deleted,
  workout_restored,
  set_logged,
  set_updated,
  set_deleted,
  record_achieved,
  timer_started,
  timer_ended,
  import_progress,
  import_finished,
  import_failed,
  recommendation_made,
  session_revoked,
  exercise_created,
  exercise_updated,
  exercise_deleted,
  profile_updated,
  recommendation_answered,
};

/// "set.logged" and so on, as API clients see it.
[[nodiscard]] std::string_view to_string(event_name name) noexcept;

/// One event of a user's story. `data` is the JSON object that clients get, byte for byte the same
/// live and on replay. `workout_id` is nil for events outside a workout.
struct event {
  position at_position;
  event_name name = event_name::workout_started;
  domain::uuid workout_id;
  domain::instant at;
  shared_text data;
};

/// A committed unit's events, sent by a session to each subscribed sink, in order.
struct events_published {
  domain::uuid user_id;
  std::vector<event> events;
};

template <class Inspector>
bool inspect(Inspector& f, position& x) {
  return f.object(x).fields(f.field("epoch", x.epoch), f.field("seq", x.seq));
}

template <class Inspector>
bool inspect(Inspector& f, event_name& x) {
  return inspect_enum<event_name::recommendation_answered>(f, x);
}

template <class Inspector>
bool inspect(Inspector& f, event& x) {
  return f.object(x).fields(f.field("at_position", x.at_position), f.field("name", x.name),
                            f.field("workout_id", x.workout_id), f.field("at", x.at),
                            f.field("data", x.data));
}

template <class Inspector>
bool inspect(Inspector& f, events_published& x) {
  return f.object(x).fields(f.field("user_id", x.user_id), f.field("events", x.events));
}

} // namespace spotter::messages
