#pragma once

#include "actors/messages/exercise.hpp"
#include "actors/messages/shared_text.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

// What a session is told of imports: commands like the others of command.hpp.

namespace spotter::messages {

/// How one imported workout fared.
struct import_counts {
  std::int32_t created = 0;
  std::int32_t updated = 0;
  std::int32_t unchanged = 0;
  std::int32_t failed = 0;
};

/// The state of an import, as its owner sees it: stored with each change and pushed as an event.
struct import_state {
  domain::uuid import_id;
  std::string provider; // "strong", "hevy"; empty until recognised
  std::string file_name;
  std::string status; // queued, running, waiting, needs_input, finished, failed, cancelled
  import_counts counts;
  std::int32_t total = 0;   // workouts in the file, 0 until parsed
  std::int32_t done = 0;    // workouts handled
  std::string problem_code; // when failed or needs_input
  std::string problem_detail;
  std::int64_t version = 0;
  domain::instant created_at;
  domain::instant updated_at;
};

/// One line of an import's log.
struct import_log_line {
  std::int32_t line = 0; // in the file, from 1; 0 for the whole file
  std::string severity;  // "info", "warning", "error"
  std::string code;
  std::string message;
};

/// Accepts a file for import: stores it with its job in one transaction. The answer's body is the
/// import's state.
struct create_import {
  std::optional<domain::uuid> import_id;
  std::string file_name;
  std::string content_hash; // SHA-256, hex
  std::string unit;         // "kg", "lb" or empty: the unit where the file names none
  std::string time_zone;    // of the file's wall-clock times; the profile's if empty
  shared_text content;
};

/// Stores parsed workouts (full, with source) and how far the import is. A workout whose source is
/// known already with the same payload hash, or deleted, is left alone; with another hash it is
/// replaced as a new version. Own exercises that the workouts need come first. Events: `import.progress` (or
/// `finished`/`failed` by `state.status`) and nothing per set.
struct import_workouts {
  import_state state;
  std::vector<own_exercise> exercises;
  std::vector<domain::workout> workouts;
  std::vector<import_log_line> log;
};

/// Changes an import's state by its owner's wish: "cancel" or "retry".
struct steer_import {
  domain::uuid import_id;
  std::string action;
};

template <class Inspector>
bool inspect(Inspector& f, import_counts& x) {
  return f.object(x).fields(f.field("created", x.created), f.field("updated", x.updated),
                            f.field("unchanged", x.unchanged), f.field("failed", x.failed));
}

template <class Inspector>
bool inspect(Inspector& f, import_state& x) {
  return f.object(x).fields(
    f.field("import_id", x.import_id), f.field("provider", x.provider),
    f.field("file_name", x.file_name), f.field("status", x.status), f.field("counts", x.counts),
    f.field("total", x.total), f.field("done", x.done), f.field("problem_code", x.problem_code),
    f.field("problem_detail", x.problem_detail), f.field("version", x.version),
    f.field("created_at", x.created_at), f.field("updated_at", x.updated_at));
}

template <class Inspector>
bool inspect(Inspector& f, import_log_line& x) {
  return f.object(x).fields(f.field("line", x.line), f.field("severity", x.severity),
                            f.field("code", x.code), f.field("message", x.message));
}

template <class Inspector>
bool inspect(Inspector& f, create_import& x) {
  return f.object(x).fields(f.field("import_id", x.import_id), f.field("file_name", x.file_name),
                            f.field("content_hash", x.content_hash), f.field("unit", x.unit),
                            f.field("time_zone", x.time_zone), f.field("content", x.content));
}

template <class Inspector>
bool inspect(Inspector& f, import_workouts& x) {
  return f.object(x).fields(f.field("state", x.state), f.field("exercises", x.exercises),
                            f.field("workouts", x.workouts), f.field("log", x.log));
}

template <class Inspector>
bool inspect(Inspector& f, steer_import& x) {
  return f.object(x).fields(f.field("import_id", x.import_id), f.field("action", x.action));
}

} // namespace spotter::messages
