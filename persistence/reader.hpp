#pragma once

#include "actors/messages/handles.hpp"
#include "persistence/reader_settings.hpp"

#include <caf/actor_system.hpp>

// The readers: one front actor, which nobody ever waits for, and behind it worker actors that block
// on their connection. The front gives each read to an idle worker, keeps a bounded queue while
// there is none, and watches the deadlines, so that a hung query costs its caller a clear answer.
//
// A read that cannot be served is answered with a failure: `overloaded` when the queue is full,
// `deadline_exceeded`, `unavailable` while the database cannot be reached (after one retry on a
// fresh connection), `internal` for a defect. Requests whose answer has no room for a failure get
// it inside an error: see actors/messages/failure_error.hpp.

namespace spotter::persistence {

/// Starts the readers. They connect when first used, and again whenever they lost the connection.
/// `get_health` asks the database itself. The readers end with the front actor.
[[nodiscard]] messages::reader_actor spawn_reader(caf::actor_system& system,
                                                  reader_settings settings);

} // namespace spotter::persistence
