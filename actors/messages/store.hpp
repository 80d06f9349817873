#pragma once

#include "actors/messages/command.hpp"

#include <memory>
#include <string>
#include <variant>
#include <vector>

// What sessions ask of the writers: units of work, each committed whole or not at all.

namespace spotter::messages {

/// Inserts or overwrites the workout's own row (not its instances). Whatever changes a finished
/// workout, its instances or its sets puts the row too, with what it comes to then.
struct put_workout {
  domain::workout workout;
  std::optional<domain::workout_summary> summary; // of a finished workout
};

/// Inserts or overwrites an instance's own row (not its sets).
struct put_instance {
  domain::exercise_instance instance;
  bool deleted = false;
};

/// Inserts a set that is new: the hot path.
struct add_set {
  domain::set_record set;
};

/// Hides all instances and sets of a workout, which those that follow replace.
struct clear_workout {
  domain::uuid workout_id;
  std::int64_t version = 0;
  domain::instant at;
};

/// Inserts or overwrites a set.
struct change_set {
  domain::set_record set;
};

/// Inserts or overwrites a personal record.
struct put_record {
  domain::personal_record record;
};

/// Works out an exercise's personal records again from its stored sets, after one of them changed.
struct rebuild_records {
  domain::uuid exercise_id;
};

/// Inserts or overwrites an own exercise.
struct put_exercise {
  own_exercise exercise;
};

/// Overwrites the profile's changeable fields.
struct put_profile {
  profile value;
};

/// Inserts an import with its file and its job.
struct add_import {
  import_state state;
  std::string content_hash;
  std::string unit;
  std::string time_zone;
  shared_text content;
};

/// Overwrites an import's state and appends to its log.
struct put_import {
  import_state state;
  std::vector<import_log_line> log;
  bool requeue = false; // make its job runnable again
};

/// Inserts a recommendation.
struct add_recommendation {
  record_recommendation recommendation;
  std::int64_t version = 0;
};

/// Stores the outcome of a recommendation.
struct put_outcome {
  record_outcome outcome;
  std::int64_t version = 0;
};

using change = std::variant<put_workout, put_instance, add_set, change_set, clear_workout,
                            put_record, rebuild_records, put_exercise, put_profile, add_import,
                            put_import, add_recommendation, put_outcome>;

/// The remembered answer to a request with an idempotency key.
struct remembered_answer {
  std::string key;
  std::string fingerprint;
  bool created = false;
  std::int64_t version = 0;
  position at;
  shared_text body;
};

/// The effect on the store of one command, or of several that follow on each other. All events carry
/// the epoch under which they are to be committed and follow on each other in `seq`; `unit_id` is
/// stored with each, so that an unknown outcome can be read back.
struct store_unit {
  domain::uuid user_id;
  domain::uuid unit_id;
  std::vector<event> events; // at least one
  std::vector<change> changes;
  std::vector<remembered_answer> answers; // of different keys
};

/// How a unit of work ended.
enum class store_result : std::uint8_t {
  committed = 1, // durable
  rejected,      // the database refused this unit (a constraint); nothing of it is stored
  fenced,        // another node owns the shard; nothing is stored and the session must end
  superseded,    // another unit holds one of its `seq`; nothing is stored, the session must reload
  unavailable,   // no connection within the deadline; nothing is stored
  overloaded,    // the writer's queue is full; nothing is stored
  unknown,       // the commit's outcome could not be read back in time: the session must reload
};

/// Asks the shard's writer to commit; answered to the sender with `stored`. The unit is shared, not
/// copied: the session applies what the writer stored.
struct store {
  std::shared_ptr<const store_unit> unit;
};

/// The answer to `store`, after the commit returned (or was found to have failed).
struct stored {
  domain::uuid user_id;
  domain::uuid unit_id;
  store_result result = store_result::committed;
  std::string detail; // for `rejected`: the constraint and what it says
};

template <class Inspector>
bool inspect(Inspector& f, put_workout& x) {
  return f.object(x).fields(f.field("workout", x.workout), f.field("summary", x.summary));
}

template <class Inspector>
bool inspect(Inspector& f, put_instance& x) {
  return f.object(x).fields(f.field("instance", x.instance), f.field("deleted", x.deleted));
}

template <class Inspector>
bool inspect(Inspector& f, add_set& x) {
  return f.object(x).fields(f.field("set", x.set));
}

template <class Inspector>
bool inspect(Inspector& f, change_set& x) {
  return f.object(x).fields(f.field("set", x.set));
}

template <class Inspector>
bool inspect(Inspector& f, clear_workout& x) {
  return f.object(x).fields(f.field("workout_id", x.workout_id), f.field("version", x.version),
                            f.field("at", x.at));
}

template <class Inspector>
bool inspect(Inspector& f, put_record& x) {
  return f.object(x).fields(f.field("record", x.record));
}

template <class Inspector>
bool inspect(Inspector& f, rebuild_records& x) {
  return f.object(x).fields(f.field("exercise_id", x.exercise_id));
}

template <class Inspector>
bool inspect(Inspector& f, put_exercise& x) {
  return f.object(x).fields(f.field("exercise", x.exercise));
}

template <class Inspector>
bool inspect(Inspector& f, put_profile& x) {
  return f.object(x).fields(f.field("value", x.value));
}

template <class Inspector>
bool inspect(Inspector& f, add_import& x) {
  return f.object(x).fields(f.field("state", x.state), f.field("content_hash", x.content_hash),
                            f.field("unit", x.unit), f.field("time_zone", x.time_zone),
                            f.field("content", x.content));
}

template <class Inspector>
bool inspect(Inspector& f, put_import& x) {
  return f.object(x).fields(f.field("state", x.state), f.field("log", x.log),
                            f.field("requeue", x.requeue));
}

template <class Inspector>
bool inspect(Inspector& f, add_recommendation& x) {
  return f.object(x).fields(f.field("recommendation", x.recommendation),
                            f.field("version", x.version));
}

template <class Inspector>
bool inspect(Inspector& f, put_outcome& x) {
  return f.object(x).fields(f.field("outcome", x.outcome), f.field("version", x.version));
}

template <class Inspector>
bool inspect(Inspector& f, remembered_answer& x) {
  return f.object(x).fields(f.field("key", x.key), f.field("fingerprint", x.fingerprint),
                            f.field("created", x.created), f.field("version", x.version),
                            f.field("at", x.at), f.field("body", x.body));
}

template <class Inspector>
bool inspect(Inspector& f, store_unit& x) {
  return f.object(x).fields(f.field("user_id", x.user_id), f.field("unit_id", x.unit_id),
                            f.field("events", x.events), f.field("changes", x.changes),
                            f.field("answers", x.answers));
}

template <class Inspector>
bool inspect(Inspector& f, store_result& x) {
  return inspect_enum<store_result::unknown>(f, x);
}

template <class Inspector>
bool inspect(Inspector& f, store& x) {
  auto get = [&x] { return x.unit ? *x.unit : store_unit{}; };
  auto set = [&x](store_unit unit) {
    x.unit = std::make_shared<const store_unit>(std::move(unit));
    return true;
  };
  return f.object(x).fields(f.field("unit", get, set));
}

template <class Inspector>
bool inspect(Inspector& f, stored& x) {
  return f.object(x).fields(f.field("user_id", x.user_id), f.field("unit_id", x.unit_id),
                            f.field("result", x.result), f.field("detail", x.detail));
}

} // namespace spotter::messages
