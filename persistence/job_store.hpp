#pragma once

#include "actors/messages/handles.hpp"
#include "persistence/connection.hpp"

#include <caf/actor_system.hpp>

namespace spotter::persistence {

/// Spawns the keeper of the table `job`: an actor with a thread and a connection of its own, as
/// writer. Claims go through `spotter.claim_jobs`, which hands each due row to one runner; renewing
/// and ending name the lease number of the claim and change nothing when a later claim exists.
///
/// A lost connection is opened again, and the statement repeated once: every one of them is safe to
/// repeat (a claim whose answer was lost comes back when its lease runs out). Where that fails too
/// the request is answered with an error.
messages::job_store_actor spawn_job_store(caf::actor_system& system, connection_settings settings);

} // namespace spotter::persistence
