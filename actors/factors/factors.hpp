#pragma once

#include "actors/identity/identity.hpp"
#include "actors/messages/handles.hpp"
#include "actors/sealing/sealing.hpp"

#include <caf/actor_system.hpp>

#include <chrono>
#include <functional>

namespace spotter::actors::factors {

/// What the factors actor can be told.
struct settings {
  std::size_t max_in_flight = 4'096;                // requests; more are refused
  std::chrono::milliseconds store_timeout{10'000};  // for one answer of the store
  std::chrono::seconds challenge_lifetime{300};     // between password and code
  std::int32_t challenge_attempts = 5;              // codes for one right password
  std::chrono::milliseconds codes_patience{15'000}; // for the hashes of one set of recovery codes
  std::function<domain::instant()> clock = domain::now;
};

/// What the factors actor is made of.
struct parts {
  factors::settings settings;
  sealing::sealer sealer;
  messages::password_actor passwords;
  messages::factor_store_actor store;
  messages::identity_store_actor events; // keeps what goes wrong
  messages::shared_state_actor limits;   // may be empty: no limit on wrong codes
  /// Told of each login, API key and share that ends: the id of a key or share stands where a
  /// login's would.
  identity::hooks hooks;
};

/// Spawns the actor for second factors, API keys and shares.
[[nodiscard]] messages::factors_actor spawn(caf::actor_system& system, parts parts);

} // namespace spotter::actors::factors
