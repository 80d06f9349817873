#pragma once

#include "actors/messages/handles.hpp"
#include "persistence/connection.hpp"

#include <caf/actor_system.hpp>

namespace spotter::persistence {

/// Spawns the keeper of mails, mailed tokens and changes of accounts: an actor with a thread and a
/// connection of its own, as writer.
///
/// A lost connection is opened again. Reads, and changes that bear it, are repeated once; others are not,
/// because a token that was used up by the first attempt would look wrong to the second: those are
/// answered with `outcome_unknown`. What never reached the database is answered with `unavailable`.
/// Answers without a `problem` field become errors.
messages::account_store_actor spawn_account_store(caf::actor_system& system,
                                                  connection_settings settings);

} // namespace spotter::persistence
