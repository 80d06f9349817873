#pragma once

#include "actors/messages/handles.hpp"

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

#include <chrono>
#include <functional>

namespace spotter::actors::identity {

/// Where a node learns which logins have ended, and whom it tells.
struct ended_login_parts {
  messages::identity_store_actor store;
  /// Called on the actor's thread, once for each login or a few times; must not block.
  std::function<void(const messages::login_revoked&)> tell;
  std::chrono::milliseconds every{5'000};
  /// How far each look reaches back behind the last one: longer than from a row's time to its commit.
  std::chrono::milliseconds overlap{60'000};
  std::chrono::milliseconds store_timeout{10'000};
};

/// Spawns the actor that asks the store again and again which logins have ended. A node that ends one
/// tells the others at once; this is for what it could not tell any more because it died, and for what
/// somebody ended in the database.
///
/// One question is under way at a time. Where one fails, it is logged once and counted
/// (`spotter.ended_login_polls`), and the next reaches back as far as needed.
[[nodiscard]] caf::actor spawn_ended_login_watch(caf::actor_system& system,
                                                 ended_login_parts parts);

} // namespace spotter::actors::identity
