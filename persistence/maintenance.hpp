#pragma once

#include "persistence/connection.hpp"

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

namespace spotter::persistence {

/// Starts the keeper of what grows by itself: hourly, it makes the audit's partitions three months
/// ahead and removes answers to idempotency keys older than 24 hours, in small batches. Runs on a
/// thread of its own; a failure is logged and tried again the next time.
[[nodiscard]] caf::actor spawn_maintenance(caf::actor_system& system, connection_settings settings);

} // namespace spotter::persistence
