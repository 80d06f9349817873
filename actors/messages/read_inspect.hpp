#pragma once

#include "actors/messages/read.hpp"

// How CAF serialises what is asked of the readers and what they answer.

namespace spotter::messages {

template <class Inspector>
bool inspect(Inspector& f, page_window& x) {
  return f.object(x).fields(f.field("limit", x.limit), f.field("cursor", x.cursor));
}

template <class Inspector>
bool inspect(Inspector& f, get_workouts& x) {
  return f.object(x).fields(f.field("window", x.window), f.field("state", x.state),
                            f.field("since", x.since), f.field("until", x.until));
}

template <class Inspector>
bool inspect(Inspector& f, get_workout& x) {
  return f.object(x).fields(f.field("workout_id", x.workout_id));
}

template <class Inspector>
bool inspect(Inspector& f, get_set& x) {
  return f.object(x).fields(f.field("workout_id", x.workout_id), f.field("set_id", x.set_id));
}

template <class Inspector>
bool inspect(Inspector& f, get_changes& x) {
  return f.object(x).fields(f.field("since", x.since), f.field("limit", x.limit));
}

template <class Inspector>
bool inspect(Inspector& f, get_history& x) {
  return f.object(x).fields(f.field("workout_id", x.workout_id), f.field("window", x.window));
}

template <class Inspector>
bool inspect(Inspector& f, get_exercises& x) {
  return f.object(x).fields(f.field("window", x.window), f.field("q", x.q),
                            f.field("muscle", x.muscle), f.field("equipment", x.equipment));
}

template <class Inspector>
bool inspect(Inspector& f, get_exercise& x) {
  return f.object(x).fields(f.field("exercise_id", x.exercise_id));
}

template <class Inspector>
bool inspect(Inspector& f, get_muscles& x) {
  return f.object(x).fields(f.field("taxonomy", x.taxonomy));
}

template <class Inspector>
bool inspect(Inspector& f, get_taxonomies& x) {
  return f.object(x).fields();
}

template <class Inspector>
bool inspect(Inspector& f, get_profile& x) {
  return f.object(x).fields();
}

template <class Inspector>
bool inspect(Inspector& f, get_records& x) {
  return f.object(x).fields(f.field("window", x.window));
}

template <class Inspector>
bool inspect(Inspector& f, get_imports& x) {
  return f.object(x).fields(f.field("window", x.window));
}

template <class Inspector>
bool inspect(Inspector& f, get_import& x) {
  return f.object(x).fields(f.field("import_id", x.import_id));
}

template <class Inspector>
bool inspect(Inspector& f, get_import_log& x) {
  return f.object(x).fields(f.field("import_id", x.import_id), f.field("window", x.window));
}

template <class Inspector>
bool inspect(Inspector& f, get_recommendation& x) {
  return f.object(x).fields(f.field("recommendation_id", x.recommendation_id));
}

template <class Inspector>
bool inspect(Inspector& f, security_event_filter& x) {
  return f.object(x).fields(f.field("kind", x.kind), f.field("since", x.since),
                            f.field("until", x.until));
}

template <class Inspector>
bool inspect(Inspector& f, get_security_events& x) {
  return f.object(x).fields(f.field("window", x.window), f.field("filter", x.filter));
}

template <class Inspector>
bool inspect(Inspector& f, get_security_audit& x) {
  return f.object(x).fields(f.field("window", x.window), f.field("filter", x.filter),
                            f.field("user_id", x.user_id), f.field("device", x.device));
}

template <class Inspector>
bool inspect(Inspector& f, get_jobs& x) {
  return f.object(x).fields(f.field("window", x.window), f.field("state", x.state),
                            f.field("kind", x.kind), f.field("device", x.device));
}

template <class Inspector>
bool inspect(Inspector& f, read& x) {
  return f.object(x).fields(f.field("user_id", x.user_id), f.field("what", x.what),
                            f.field("actor_id", x.actor_id));
}

template <class Inspector>
bool inspect(Inspector& f, rendered& x) {
  return f.object(x).fields(f.field("version", x.version), f.field("body", x.body),
                            f.field("replayed", x.replayed));
}

template <class Inspector>
bool inspect(Inspector& f, read_reply& x) {
  return f.object(x).fields(f.field("result", x.result));
}

template <class Inspector>
bool inspect(Inspector& f, load_session& x) {
  return f.object(x).fields(f.field("user_id", x.user_id));
}

template <class Inspector>
bool inspect(Inspector& f, session_image& x) {
  return f.object(x).fields(f.field("found", x.found), f.field("head_seq", x.head_seq),
                            f.field("head_epoch", x.head_epoch), f.field("who", x.who),
                            f.field("live", x.live), f.field("answers", x.answers),
                            f.field("answers_complete", x.answers_complete));
}

template <class Inspector>
bool inspect(Inspector& f, load_workout& x) {
  return f.object(x).fields(f.field("user_id", x.user_id), f.field("workout_id", x.workout_id),
                            f.field("at_version", x.at_version));
}

template <class Inspector>
bool inspect(Inspector& f, workout_image& x) {
  return f.object(x).fields(f.field("workout", x.workout));
}

template <class Inspector>
bool inspect(Inspector& f, load_exercise& x) {
  return f.object(x).fields(f.field("user_id", x.user_id), f.field("exercise_id", x.exercise_id));
}

template <class Inspector>
bool inspect(Inspector& f, exercise_image& x) {
  return f.object(x).fields(f.field("found", x.found), f.field("own", x.own),
                            f.field("exercise", x.exercise), f.field("records", x.records));
}

template <class Inspector>
bool inspect(Inspector& f, load_events& x) {
  return f.object(x).fields(f.field("user_id", x.user_id), f.field("after", x.after),
                            f.field("to", x.to));
}

template <class Inspector>
bool inspect(Inspector& f, event_range& x) {
  return f.object(x).fields(f.field("events", x.events));
}

template <class Inspector>
bool inspect(Inspector& f, load_epoch& x) {
  return f.object(x).fields(f.field("user_id", x.user_id), f.field("seq", x.seq));
}

template <class Inspector>
bool inspect(Inspector& f, event_epoch& x) {
  return f.object(x).fields(f.field("epoch", x.epoch));
}

template <class Inspector>
bool inspect(Inspector& f, load_sources& x) {
  return f.object(x).fields(f.field("user_id", x.user_id), f.field("provider", x.provider),
                            f.field("external_ids", x.external_ids));
}

template <class Inspector>
bool inspect(Inspector& f, source_match& x) {
  return f.object(x).fields(f.field("external_id", x.external_id),
                            f.field("payload_hash", x.payload_hash),
                            f.field("workout_id", x.workout_id), f.field("first_seq", x.first_seq),
                            f.field("created_at", x.created_at), f.field("deleted", x.deleted));
}

template <class Inspector>
bool inspect(Inspector& f, source_matches& x) {
  return f.object(x).fields(f.field("matches", x.matches));
}

template <class Inspector>
bool inspect(Inspector& f, load_answer& x) {
  return f.object(x).fields(f.field("user_id", x.user_id), f.field("key", x.key));
}

template <class Inspector>
bool inspect(Inspector& f, answer_image& x) {
  return f.object(x).fields(f.field("answer", x.answer));
}

template <class Inspector>
bool inspect(Inspector& f, load_import& x) {
  return f.object(x).fields(f.field("user_id", x.user_id), f.field("import_id", x.import_id));
}

template <class Inspector>
bool inspect(Inspector& f, import_image& x) {
  return f.object(x).fields(f.field("state", x.state), f.field("content_hash", x.content_hash),
                            f.field("unit", x.unit), f.field("time_zone", x.time_zone));
}

template <class Inspector>
bool inspect(Inspector& f, load_exercise_history& x) {
  return f.object(x).fields(f.field("user_id", x.user_id), f.field("exercise_id", x.exercise_id),
                            f.field("workouts", x.workouts));
}

template <class Inspector>
bool inspect(Inspector& f, performed_exercise& x) {
  return f.object(x).fields(f.field("workout_id", x.workout_id),
                            f.field("started_at", x.started_at), f.field("sets", x.sets));
}

template <class Inspector>
bool inspect(Inspector& f, exercise_history& x) {
  return f.object(x).fields(f.field("known", x.known), f.field("exercise_name", x.exercise_name),
                            f.field("unit", x.unit), f.field("performances", x.performances));
}

} // namespace spotter::messages
