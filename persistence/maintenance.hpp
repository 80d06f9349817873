#pragma once

#include "persistence/connection.hpp"

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

#include <chrono>

namespace spotter::persistence {

/// What is kept how long.
struct keeping {
  std::chrono::days security_events{400}; // 90 at least: the database refuses less
};

/// Starts the keeper of what grows by itself: hourly, it makes the partitions of the audit and of
/// the security events three months ahead, drops months of security events that are too old, and
/// removes answers to idempotency keys older than 24 hours, in small batches. Runs on a thread of
/// its own; a failure is logged and tried again the next time.
[[nodiscard]] caf::actor spawn_maintenance(caf::actor_system& system, connection_settings settings,
                                           keeping keep = {});

} // namespace spotter::persistence
