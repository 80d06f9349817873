#pragma once

#include "actors/messages/handles.hpp"
#include "persistence/connection.hpp"

#include <caf/actor_system.hpp>

namespace spotter::persistence {

/// Spawns the coordinator's client: an actor with a thread and a connection of its own, as writer.
/// The connection must be a direct one (it listens for notices), and never waits long: a server that
/// does not answer for 1.5 s, or a statement that runs for 1 s, is given up.
///
/// Without a connection every request is answered with an error at once (at the very first attempt
/// to connect it waits a quarter of a second for it); attempts go on with growing pauses of at most
/// a second. An error leaves open whether the database did what was asked: every request but
/// `give_shards` and `take_shards` may simply be repeated, and for those the next view tells.
///
/// It listens until it is sent an exit message. Whoever sends `cluster_changed` gets one each time that somebody else changed something, and
/// after each reconnection, since what happened meanwhile was not heard.
messages::cluster_store_actor spawn_cluster_store(caf::actor_system& system,
                                                  connection_settings settings);

} // namespace spotter::persistence
