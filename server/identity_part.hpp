#pragma once

#include "actors/identity/identity.hpp"
#include "actors/messages/handles.hpp"
#include "actors/sealing/sealing.hpp"
#include "config/settings.hpp"
#include "persistence/connection.hpp"

#include <caf/actor_system.hpp>

#include <memory>

namespace spotter::server {

/// What an identity part needs of the node.
struct identity_needs {
  persistence::connection_settings logins;
  persistence::connection_settings factors;
  actors::sealing::sealer sealer;
  actors::identity::signing_key token_key;
  std::shared_ptr<const actors::identity::signing_keys> signers;
  messages::password_actor passwords;
  messages::account_store_actor accounts;
  messages::shared_state_actor limits;
  actors::identity::hooks hooks;
};

/// Who people are: sign-ins, and second factors, API keys and shares.
struct identity_part {
  messages::identity_store_actor identity_store;
  messages::identity_actor identity;
  messages::factor_store_actor factor_store;
  messages::factors_actor factors;
};

/// Spawns the pool that hashes passwords: one for all who hash, so that its bounds are the node's.
[[nodiscard]] messages::password_actor make_password_pool(caf::actor_system& system,
                                                          const config::settings& settings);

/// Spawns the rest. Takes as long as one password hash.
[[nodiscard]] identity_part make_identity_part(caf::actor_system& system,
                                               const config::settings& settings,
                                               identity_needs needs);

} // namespace spotter::server
