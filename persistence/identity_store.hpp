#pragma once

#include "actors/messages/handles.hpp"
#include "persistence/connection.hpp"

#include <caf/actor_system.hpp>

#include <cstddef>

namespace spotter::persistence {

/// How accounts and logins are kept.
struct identity_store_settings {
  connection_settings connection; // as writer
  std::size_t workers = 2;        // threads, each with a connection
  std::size_t max_backlog = 256;  // requests; more are refused
};

/// Spawns the keeper of accounts and logins: a small pool of connections behind one handle. Looking
/// an address up and adding an account go through functions of `spotter_identity`; all else runs
/// under row-level security as the user whom the request names.
///
/// A connection that broke is opened again and the statement repeated once: each is made so that a
/// repetition does no harm. Where that fails too, writes are answered with `unavailable` (nothing
/// was sent) or `outcome_unknown`, reads with an error. What exceeds the backlog is refused with
/// `overloaded`, reads with the error `unavailable_or_would_block`.
messages::identity_store_actor spawn_identity_store(caf::actor_system& system,
                                                    identity_store_settings settings);

} // namespace spotter::persistence
