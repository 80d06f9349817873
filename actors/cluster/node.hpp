#pragma once

#include "actors/cluster/settings.hpp"

#include <caf/actor_system.hpp>

#include <chrono>
#include <memory>

namespace spotter::actors::cluster {

/// This node's part in the cluster: where every user's shard is, whether it is here, on another node
/// or on the move. Begins to join when made.
class node {
public:
  node(caf::actor_system& system, settings how, ports with);

  /// As `stop`.
  ~node();

  node(const node&) = delete;
  node& operator=(const node&) = delete;

  /// The shard of a user, wherever it is. Always a valid handle, and always the same one. Safe from
  /// any thread.
  [[nodiscard]] const messages::shard_actor& shard_of(const domain::uuid& user_id) const noexcept;

  /// Answers for how the node and the cluster stand, and `get_health`.
  [[nodiscard]] const messages::cluster_actor& membership() const noexcept;

  /// Tells all other nodes that a login was ended. Safe from any thread.
  void broadcast(const messages::login_revoked& what) const;

  /// Gives all shards to other nodes and leaves the cluster. Returns when it has, or when `limit` is
  /// over: what is left is freed then, and has no owner for a moment.
  void drain(std::chrono::milliseconds limit);

  /// Ends all at once, without a word to the cluster: it finds out when the lease ends.
  void stop();

private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

} // namespace spotter::actors::cluster
