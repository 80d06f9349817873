#pragma once

#include "actors/messages/handles.hpp"
#include "persistence/connection.hpp"

#include <caf/actor_system.hpp>

#include <cstddef>

namespace spotter::persistence {

/// How factors, API keys and shares are kept.
struct factor_store_settings {
  connection_settings connection; // as writer
  std::size_t workers = 1;        // threads, each with a connection
  std::size_t max_backlog = 256;  // requests; more are refused
};

/// Spawns the keeper of second factors, API keys and shares: a small pool of connections behind one
/// handle, with the promises of `spawn_identity_store`.
messages::factor_store_actor spawn_factor_store(caf::actor_system& system,
                                                factor_store_settings settings);

} // namespace spotter::persistence
