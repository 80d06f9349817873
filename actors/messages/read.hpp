#pragma once

#include "actors/messages/command.hpp"
#include "actors/messages/identity.hpp"
#include "actors/messages/store.hpp"

#include <optional>
#include <string>
#include <variant>
#include <vector>

// What is asked of the readers. All reads run under the row-level security of `user_id`.

namespace spotter::messages {

/// One page of a list: newest first unless the query says otherwise.
struct page_window {
  std::int32_t limit = 50; // 1 to 200
  std::string cursor;      // opaque, from the page before; empty for the first
};

/// Workouts, newest start first. Items are workouts without exercises, plus `summary`.
struct get_workouts {
  page_window window;
  std::string state;                    // "live", "finished" or empty for both
  std::optional<domain::instant> since; // started at or after
  std::optional<domain::instant> until; // started before
};

/// One full workout.
struct get_workout {
  domain::uuid workout_id;
};

/// One set of a workout.
struct get_set {
  domain::uuid workout_id;
  domain::uuid set_id;
};

/// Events after `since`, oldest first: `{items, position, reset}`.
struct get_changes {
  std::int64_t since = 0;
  std::int32_t limit = 200; // 1 to 1000
};

/// The versions of a workout, newest first: `{version, at, event, data}`.
struct get_history {
  domain::uuid workout_id;
  page_window window;
};

/// Catalogue and own exercises by name; `q` matches name and aliases, case-insensitive.
struct get_exercises {
  page_window window;
  std::string q;
  std::string muscle;    // slug
  std::string equipment; // slug
};

/// One exercise, own or shared.
struct get_exercise {
  domain::uuid exercise_id;
};

/// The muscles of a taxonomy version; 0 is the newest.
struct get_muscles {
  std::int32_t taxonomy = 0;
};

/// All taxonomy versions.
struct get_taxonomies {};

/// The caller's profile.
struct get_profile {};

/// The caller's personal records, by exercise.
struct get_records {
  page_window window;
};

/// Imports, newest first.
struct get_imports {
  page_window window;
};

/// One import.
struct get_import {
  domain::uuid import_id;
};

/// An import's log, by line.
struct get_import_log {
  domain::uuid import_id;
  page_window window;
};

/// One recommendation.
struct get_recommendation {
  domain::uuid recommendation_id;
};

/// Which security events are wanted.
struct security_event_filter {
  std::string kind;                     // empty: all
  std::optional<domain::instant> since; // at or after
  std::optional<domain::instant> until; // before
};

/// Security events that concern the caller, newest first.
struct get_security_events {
  page_window window;
  security_event_filter filter;
};

/// Everybody's security events, newest first, where the caller is an administrator. Keeps an event
/// that they were looked at, from `device`.
struct get_security_audit {
  page_window window;
  security_event_filter filter;
  domain::uuid user_id; // what concerns this person or what the person did; nil: everybody
  device_info device;
};

/// Everybody's jobs, newest first, where the caller is an administrator. Keeps a security event that
/// they were looked at, from `device`.
struct get_jobs {
  page_window window;
  std::string state; // empty: all
  std::string kind;  // empty: all
  device_info device;
};

using query = std::variant<get_workouts, get_workout, get_set, get_changes, get_history,
                           get_exercises, get_exercise, get_muscles, get_taxonomies, get_profile,
                           get_records, get_imports, get_import, get_import_log, get_recommendation,
                           get_security_events, get_security_audit, get_jobs>;

/// Asks for rendered JSON. Workout pages and workouts go to the user's session, which caches them;
/// all else goes to the readers.
struct read {
  domain::uuid user_id;
  query what;
  domain::uuid actor_id = {}; // who reads what the user shares; nil: the user
};

/// A rendered answer. `version` is the resource's, 0 for lists.
struct rendered {
  std::int64_t version = 0;
  shared_text body;
  bool replayed = false; // the answer to a request that had its effect before
};

/// The answer to `read`: exactly one of the two.
struct read_reply {
  std::variant<rendered, failure> result;
};

/// Asks for what a session needs to begin: answered with `session_image`.
struct load_session {
  domain::uuid user_id;
};

/// A user's state as stored: the head of the story, the live workouts in full, the answers
/// remembered for at most 24 h (newest first, at most 1,000: `answers_complete` tells if that is all).
struct session_image {
  bool found = false; // false: no such user
  std::int64_t head_seq = 0;
  std::int64_t head_epoch = 0; // of the head event
  profile who;
  std::vector<domain::workout> live;
  std::vector<remembered_answer> answers;
  bool answers_complete = true;
};

/// Asks for one workout in full, deleted or not: answered with `workout_image`. With `at_version`
/// above 0, as it was once the event of that `seq` had been committed.
struct load_workout {
  domain::uuid user_id;
  domain::uuid workout_id;
  std::int64_t at_version = 0;
};

struct workout_image {
  std::optional<domain::workout> workout; // deleted sets included, flagged
};

/// Asks what a session must know of an exercise before its first set: answered with
/// `exercise_image`.
struct load_exercise {
  domain::uuid user_id;
  domain::uuid exercise_id;
};

struct exercise_image {
  bool found = false; // in the catalogue or among the user's own, not deleted
  bool own = false;
  std::optional<own_exercise> exercise; // where own, deleted ones too
  std::vector<domain::personal_record> records;
};

/// Asks for events with seq in (after, to]: answered with `event_range`, complete or not at all.
struct load_events {
  domain::uuid user_id;
  std::int64_t after = 0;
  std::int64_t to = 0;
};

struct event_range {
  std::vector<event> events;
};

/// Asks for the epoch of one event, to judge a resume: answered with `event_epoch`.
struct load_epoch {
  domain::uuid user_id;
  std::int64_t seq = 0;
};

struct event_epoch {
  std::int64_t epoch = 0; // 0: no such event
};

/// Asks which of these (provider, external id) exist: answered with `source_matches`.
struct load_sources {
  domain::uuid user_id;
  std::string provider;
  std::vector<std::string> external_ids;
};

struct source_match {
  std::string external_id;
  std::string payload_hash;
  domain::uuid workout_id;
  std::int64_t first_seq = 0; // of the workout, and when it was made: an update keeps both
  domain::instant created_at;
  bool deleted = false; // by its owner; an import leaves it so
};

struct source_matches {
  std::vector<source_match> matches;
};

/// Asks for a remembered answer that is not in the session's memory: answered with `answer_image`.
struct load_answer {
  domain::uuid user_id;
  std::string key;
};

struct answer_image {
  std::optional<remembered_answer> answer;
};

/// Asks for an import's state as stored: answered with `import_image`.
struct load_import {
  domain::uuid user_id;
  domain::uuid import_id;
};

struct import_image {
  std::optional<import_state> state;
  std::string content_hash; // as it was asked for, like the other two
  std::string unit;
  std::string time_zone;
};

/// Asks for the last finished working sets of an exercise, for recommenders: answered with
/// `exercise_history`, newest workout first.
struct load_exercise_history {
  domain::uuid user_id;
  domain::uuid exercise_id;
  std::int32_t workouts = 5; // 1 to 50
};

struct performed_exercise {
  domain::uuid workout_id;
  domain::instant started_at;
  std::vector<domain::set_record> sets;
};

struct exercise_history {
  bool known = false; // the exercise exists for this user
  std::string exercise_name;
  domain::weight_unit unit = domain::weight_unit::kg; // the profile's
  std::vector<performed_exercise> performances;
};

} // namespace spotter::messages

#include "actors/messages/read_inspect.hpp" // IWYU pragma: export
