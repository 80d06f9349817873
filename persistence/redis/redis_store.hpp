#pragma once

#include "actors/messages/handles.hpp"
#include "persistence/redis/redis_address.hpp"

#include <caf/actor_system.hpp>

#include <chrono>
#include <string>

namespace spotter::persistence {

/// Which Redis, and what may be asked of it.
struct redis_settings {
  redis_address where;
  std::string ca;                          // PEM file with TLS' authorities; empty: the system's
  std::string cluster = "spotter";         // keys of others are not touched
  std::chrono::milliseconds time_out{100}; // to connect, and of one round trip
  std::size_t batch = 256;                 // requests in one round trip
  std::size_t queued = 4'096;              // requests that wait; more fail at once
  std::size_t value_bytes = 256 * 1024;    // larger ones are not kept
};

/// Starts a Redis as the store of the shared state, on a thread of its own.
///
/// What queued while the last round trip was under way goes out in the next one together. Redis
/// being slow, gone or full is an error to who asked, never a wait of more than the time-out: after
/// a failure everything fails at once for as long as the time-out, then a connection is tried again.
/// Counters and values expire by themselves; losing them all is harmless. `get_health` says whether
/// Redis answers.
[[nodiscard]] messages::shared_state_actor spawn_redis_store(caf::actor_system& system,
                                                             redis_settings settings);

} // namespace spotter::persistence
