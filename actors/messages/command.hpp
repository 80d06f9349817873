#pragma once

#include "actors/messages/event.hpp"
#include "actors/messages/exercise.hpp"
#include "actors/messages/failure.hpp"
#include "actors/messages/import.hpp"

#include <optional>
#include <string>
#include <variant>
#include <vector>

// Everything that changes a user's data is one of these, carried in one envelope to the user's
// session, which answers each once it is stored.

namespace spotter::messages {

/// Opens a live workout. `workout_id` may be the client's own UUIDv7.
struct start_workout {
  std::optional<domain::uuid> workout_id;
  std::string title;
  std::optional<domain::instant> started_at;
  std::optional<std::string> time_zone; // the profile's if absent
  std::string notes;
};

/// Changes a workout's own fields; absent ones stay.
struct update_workout {
  domain::uuid workout_id;
  std::optional<std::string> title;
  std::optional<std::string> notes;
  std::optional<domain::instant> started_at;
  std::optional<std::string> time_zone;
};

/// Ends a live workout; finishing a finished one answers as the first time.
struct finish_workout {
  domain::uuid workout_id;
  std::optional<domain::instant> finished_at;
};

/// Hides a workout until it is restored.
struct delete_workout {
  domain::uuid workout_id;
};

/// Brings a deleted workout back.
struct restore_workout {
  domain::uuid workout_id;
};

/// Puts a workout, its instances and sets back to what they were at `version`, as a new version.
struct revert_workout {
  domain::uuid workout_id;
  std::int64_t version = 0;
};

/// Records one finished set.
struct log_set {
  domain::uuid workout_id;
  domain::set_entry entry;
};

/// The members of a set that a merge patch can name, as bits of `update_set::given`.
enum effort_member : std::uint32_t {
  member_reps = 1,
  member_weight = 2,
  member_rpe = 4,
  member_rir = 8,
  member_distance = 16,
  member_duration = 32,
  member_rest = 64,
  member_target = 128,
};

/// Changes a set. A member whose bit is in `given` takes the value in `actual` (or `target`), where
/// an absent one clears it; the others stay.
struct update_set {
  domain::uuid workout_id;
  domain::uuid set_id;
  std::uint32_t given = 0;
  domain::effort actual;
  std::optional<domain::effort> target;
  std::optional<domain::set_kind> kind;
  std::optional<domain::instant> completed_at;
};

/// Hides a set.
struct delete_set {
  domain::uuid workout_id;
  domain::uuid set_id;
};

/// Adds an exercise of the athlete's own.
struct create_exercise {
  std::optional<domain::uuid> exercise_id;
  std::string name;
  std::string equipment;
  std::vector<std::string> primary_muscles;
  std::vector<std::string> secondary_muscles;
};

/// Changes an own exercise; absent fields stay.
struct update_exercise {
  domain::uuid exercise_id;
  std::optional<std::string> name;
  std::optional<std::string> equipment;
  std::optional<std::vector<std::string>> primary_muscles;
  std::optional<std::vector<std::string>> secondary_muscles;
};

/// Hides an own exercise; workouts that used it keep it.
struct delete_exercise {
  domain::uuid exercise_id;
};

/// Changes the caller's profile; absent fields stay.
struct update_profile {
  std::optional<std::string> display_name;
  std::optional<std::string> time_zone;
  std::optional<domain::weight_unit> unit;
};

/// Stores a recommendation and tells it as `recommendation.made`.
struct record_recommendation {
  domain::uuid recommendation_id;
  std::string kind;    // "next_set"
  std::string engine;  // "double_progression@1"
  std::string variant; // of an experiment; "default"
  shared_text inputs;  // JSON
  shared_text output;  // JSON: the whole resource as clients see it, without version
};

/// What became of a recommendation.
struct record_outcome {
  domain::uuid recommendation_id;
  bool accepted = false;
  shared_text detail; // JSON
};

/// Tells the user's screens that a login was ended.
struct announce_revocation {
  domain::uuid login_id;
};

/// Tells the user's screens, and the session, that the account's address is another, or proved.
struct account_changed {
  std::string email;
  bool email_verified = false;
};

/// Sent by a session to itself when a rest is over.
struct end_timer {
  domain::uuid workout_id;
  domain::uuid set_id;
};

using command_body =
  std::variant<start_workout, update_workout, finish_workout, delete_workout, restore_workout,
               revert_workout, log_set, update_set, delete_set, create_exercise, update_exercise,
               delete_exercise, update_profile, create_import, import_workouts, steer_import,
               record_recommendation, record_outcome, announce_revocation, end_timer,
               account_changed>;

/// The client's wish that this request has one effect however often it is sent.
struct idempotency {
  std::string key;         // 1 to 255 characters; a WebSocket command id in its canonical form
  std::string fingerprint; // hash of method, path and body
};

/// The envelope of a command.
struct command {
  domain::uuid user_id;
  std::optional<idempotency> once;
  std::optional<std::int64_t> if_match; // the version that the caller saw
  std::string trace_id;
  command_body body;
};

/// A command's result, after the commit. `body` is the resource as JSON; empty for "no content".
struct outcome {
  bool created = false;  // 201 rather than 200
  bool replayed = false; // answered from the first time
  std::int64_t version = 0;
  position at;
  shared_text body;
  std::optional<import_counts> counts; // of `import_workouts` only: the import's new totals
};

/// The answer to a command: exactly one of the two.
struct command_reply {
  std::variant<outcome, failure> result;
};

template <class Inspector>
bool inspect(Inspector& f, start_workout& x) {
  return f.object(x).fields(f.field("workout_id", x.workout_id), f.field("title", x.title),
                            f.field("started_at", x.started_at), f.field("time_zone", x.time_zone),
                            f.field("notes", x.notes));
}

template <class Inspector>
bool inspect(Inspector& f, update_workout& x) {
  return f.object(x).fields(f.field("workout_id", x.workout_id), f.field("title", x.title),
                            f.field("notes", x.notes), f.field("started_at", x.started_at),
                            f.field("time_zone", x.time_zone));
}

template <class Inspector>
bool inspect(Inspector& f, finish_workout& x) {
  return f.object(x).fields(f.field("workout_id", x.workout_id),
                            f.field("finished_at", x.finished_at));
}

template <class Inspector>
bool inspect(Inspector& f, delete_workout& x) {
  return f.object(x).fields(f.field("workout_id", x.workout_id));
}

template <class Inspector>
bool inspect(Inspector& f, restore_workout& x) {
  return f.object(x).fields(f.field("workout_id", x.workout_id));
}

template <class Inspector>
bool inspect(Inspector& f, revert_workout& x) {
  return f.object(x).fields(f.field("workout_id", x.workout_id), f.field("version", x.version));
}

template <class Inspector>
bool inspect(Inspector& f, log_set& x) {
  return f.object(x).fields(f.field("workout_id", x.workout_id), f.field("entry", x.entry));
}

template <class Inspector>
bool inspect(Inspector& f, update_set& x) {
  return f.object(x).fields(f.field("workout_id", x.workout_id), f.field("set_id", x.set_id),
                            f.field("given", x.given), f.field("actual", x.actual),
                            f.field("target", x.target), f.field("kind", x.kind),
                            f.field("completed_at", x.completed_at));
}

template <class Inspector>
bool inspect(Inspector& f, delete_set& x) {
  return f.object(x).fields(f.field("workout_id", x.workout_id), f.field("set_id", x.set_id));
}

template <class Inspector>
bool inspect(Inspector& f, create_exercise& x) {
  return f.object(x).fields(f.field("exercise_id", x.exercise_id), f.field("name", x.name),
                            f.field("equipment", x.equipment),
                            f.field("primary_muscles", x.primary_muscles),
                            f.field("secondary_muscles", x.secondary_muscles));
}

template <class Inspector>
bool inspect(Inspector& f, update_exercise& x) {
  return f.object(x).fields(f.field("exercise_id", x.exercise_id), f.field("name", x.name),
                            f.field("equipment", x.equipment),
                            f.field("primary_muscles", x.primary_muscles),
                            f.field("secondary_muscles", x.secondary_muscles));
}

template <class Inspector>
bool inspect(Inspector& f, delete_exercise& x) {
  return f.object(x).fields(f.field("exercise_id", x.exercise_id));
}

template <class Inspector>
bool inspect(Inspector& f, update_profile& x) {
  return f.object(x).fields(f.field("display_name", x.display_name),
                            f.field("time_zone", x.time_zone), f.field("unit", x.unit));
}

template <class Inspector>
bool inspect(Inspector& f, record_recommendation& x) {
  return f.object(x).fields(f.field("recommendation_id", x.recommendation_id),
                            f.field("kind", x.kind), f.field("engine", x.engine),
                            f.field("variant", x.variant), f.field("inputs", x.inputs),
                            f.field("output", x.output));
}

template <class Inspector>
bool inspect(Inspector& f, record_outcome& x) {
  return f.object(x).fields(f.field("recommendation_id", x.recommendation_id),
                            f.field("accepted", x.accepted), f.field("detail", x.detail));
}

template <class Inspector>
bool inspect(Inspector& f, announce_revocation& x) {
  return f.object(x).fields(f.field("login_id", x.login_id));
}

template <class Inspector>
bool inspect(Inspector& f, account_changed& x) {
  return f.object(x).fields(f.field("email", x.email), f.field("email_verified", x.email_verified));
}

template <class Inspector>
bool inspect(Inspector& f, end_timer& x) {
  return f.object(x).fields(f.field("workout_id", x.workout_id), f.field("set_id", x.set_id));
}

template <class Inspector>
bool inspect(Inspector& f, idempotency& x) {
  return f.object(x).fields(f.field("key", x.key), f.field("fingerprint", x.fingerprint));
}

template <class Inspector>
bool inspect(Inspector& f, command& x) {
  return f.object(x).fields(f.field("user_id", x.user_id), f.field("once", x.once),
                            f.field("if_match", x.if_match), f.field("trace_id", x.trace_id),
                            f.field("body", x.body));
}

template <class Inspector>
bool inspect(Inspector& f, outcome& x) {
  return f.object(x).fields(f.field("created", x.created), f.field("replayed", x.replayed),
                            f.field("version", x.version), f.field("at", x.at),
                            f.field("body", x.body), f.field("counts", x.counts));
}

template <class Inspector>
bool inspect(Inspector& f, command_reply& x) {
  return f.object(x).fields(f.field("result", x.result));
}

} // namespace spotter::messages
