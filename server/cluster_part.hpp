#pragma once

#include "actors/cluster/node.hpp"
#include "config/settings.hpp"

#include <caf/actor_system.hpp>

#include <memory>

namespace spotter::server {

/// What the rest of the node does for its part in the cluster.
struct cluster_hooks {
  /// Starts a shard that this node owns under `epoch`; its sessions speak from memory only while
  /// `served` holds.
  std::function<messages::shard_actor(std::int32_t shard, std::int64_t epoch,
                                      actors::lease_ptr served)>
    open_shard;
  /// Another node ended a login.
  std::function<void(const messages::login_revoked&)> login_revoked;
};

/// Wires this node's part in the cluster: the coordinator, which must outlive it, and links as the
/// settings say. Throws std::runtime_error with a sentence for people when the links can't be opened
/// as they are set.
[[nodiscard]] std::unique_ptr<actors::cluster::node> make_cluster_part(
  caf::actor_system& system, const config::settings& settings, messages::cluster_store_actor store,
  cluster_hooks hooks);

} // namespace spotter::server
