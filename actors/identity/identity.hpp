#pragma once

#include "actors/identity/key_ring.hpp"
#include "actors/identity/settings.hpp"
#include "actors/identity/signing_key.hpp"
#include "actors/messages/handles.hpp"

#include <caf/actor_system.hpp>

#include <functional>
#include <memory>
#include <string>

namespace spotter::actors::identity {

/// Who is told when a login ends. Both run on the identity actor's thread and must not block: they
/// send messages.
struct hooks {
  /// For every gateway thread: close the login's sockets, refuse its access tokens.
  std::function<void(const messages::login_revoked&)> on_revoked;
  /// For the user's session: becomes `session.revoked` on the user's streams.
  std::function<void(const domain::uuid& user_id, const messages::announce_revocation&)> announce;
};

/// What the identity actor is made of.
struct parts {
  identity::settings settings;
  signing_key key; // seals refresh tokens; signs access tokens, too, where there are no `signers`
  messages::password_actor passwords;
  std::string dummy_hash; // of the same cost as the others
  messages::identity_store_actor store;
  identity::hooks hooks;
  messages::account_store_actor accounts = {}; // keeps passwords hashed anew; may be empty
  messages::factors_actor factors = {}; // checks codes; without it, who has a factor can't sign in
  std::shared_ptr<const signing_keys> signers = {};
};

/// Spawns the identity actor with a password pool of its own and the key of `settings.key_file`.
/// Takes as long as one password hash; throws std::runtime_error where the key can't be had.
[[nodiscard]] messages::identity_actor spawn(caf::actor_system& system, const settings& settings,
                                             const messages::identity_store_actor& store,
                                             const hooks& hooks);

/// Spawns the identity actor of the given parts.
[[nodiscard]] messages::identity_actor spawn(caf::actor_system& system, parts parts);

} // namespace spotter::actors::identity
