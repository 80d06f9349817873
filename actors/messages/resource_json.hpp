#pragma once

#include "actors/messages/command.hpp"
#include "actors/messages/event.hpp"
#include "actors/messages/exercise.hpp"
#include "domain/json.hpp"

// The JSON of the resources that the domain has no type for, as clients see it: the same bytes
// wherever they come from, be it a session's answer or a reader's.

namespace spotter::messages {

/// An exercise of the athlete's own, in the same shape as one of the catalogue (`own` is true, and
/// what only the catalogue says is null).
void write(domain::json_writer& json, const own_exercise& exercise);

/// A profile.
void write(domain::json_writer& json, const profile& who);

/// An import; `problem` is null unless it has a code.
void write(domain::json_writer& json, const import_state& state);

/// `{"epoch":…,"seq":…}`.
void write(domain::json_writer& json, const position& at);

/// An event of the topic `topic`, as the live stream and `GET /v1/changes` have it.
void write(domain::json_writer& json, const event& what, std::string_view topic);

} // namespace spotter::messages
