#pragma once

#include "actors/cluster/node.hpp"
#include "actors/session/session.hpp"
#include "config/settings.hpp"
#include "persistence/ownership.hpp"
#include "server/database_part.hpp"

#include <caf/actor_system.hpp>

#include <functional>
#include <memory>
#include <vector>

namespace spotter::server {

/// What the rest of the node does for the sessions. Called from their threads.
struct session_hooks {
  /// Somebody queued an import.
  std::function<void()> import_queued;
  /// Another node ended a login.
  std::function<void(const messages::login_revoked&)> login_revoked;
};

/// The shards with their sessions, whether they are all here or a cluster's, and those who write and
/// read for them.
class sessions_part {
public:
  sessions_part() = default;
  sessions_part(const sessions_part&) = delete;
  sessions_part& operator=(const sessions_part&) = delete;

  /// Spawns them. A node that runs alone owns all shards under `epochs`; one of a cluster begins to
  /// join. Throws std::runtime_error where the links can't be opened as they are set; `stop` is due
  /// all the same.
  void start(caf::actor_system& system, const config::settings& settings,
             const database_part& database, const persistence::shard_epochs& epochs,
             session_hooks hooks);

  /// Ends them at once.
  void stop();

  [[nodiscard]] messages::shard_actor shard_of(const domain::uuid& user_id) const;
  [[nodiscard]] const std::vector<messages::writer_actor>& writers() const { return writers_; }
  [[nodiscard]] const messages::reader_actor& reader() const { return reader_; }
  /// This node's part in the cluster; null where it runs alone.
  [[nodiscard]] actors::cluster::node* cluster() const { return cluster_.get(); }

private:
  [[nodiscard]] messages::shard_actor open_shard(caf::actor_system& system, std::int32_t shard,
                                                 std::int64_t epoch, actors::lease_ptr served);

  config::session_settings limits_;
  session_hooks hooks_;
  std::vector<messages::writer_actor> writers_;
  messages::reader_actor reader_;
  std::vector<messages::shard_actor> shards_; // of a node that runs alone
  messages::cluster_store_actor cluster_store_;
  std::unique_ptr<actors::cluster::node> cluster_;
};

} // namespace spotter::server
