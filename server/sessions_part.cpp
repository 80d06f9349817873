#include "server/sessions_part.hpp"

#include "actors/shard/shard.hpp"
#include "persistence/cluster_store.hpp"
#include "persistence/reader.hpp"
#include "persistence/writer.hpp"
#include "server/cluster_part.hpp"

#include <caf/send.hpp>

#include <utility>

namespace spotter::server {

using persistence::database_role;

void sessions_part::start(caf::actor_system& system, const config::settings& settings,
                          const database_part& database, const persistence::shard_epochs& epochs,
                          session_hooks hooks) {
  limits_ = settings.sessions;
  hooks_ = std::move(hooks);
  for (std::size_t i = 0; i < settings.database.writers; ++i) {
    persistence::writer_settings w;
    w.connection = database.connection(database_role::writer, "writer");
    w.queued_units = settings.database.queued_units;
    writers_.push_back(persistence::spawn_writer(system, std::move(w)));
  }
  persistence::reader_settings r;
  r.connection = database.connection(database_role::reader, "reader");
  r.readers = settings.database.readers;
  reader_ = persistence::spawn_reader(system, std::move(r));

  if (settings.cluster.enabled) {
    cluster_hooks of_cluster;
    of_cluster.open_shard = [this, &system](std::int32_t shard, std::int64_t epoch,
                                            actors::lease_ptr served) {
      return open_shard(system, shard, epoch, std::move(served));
    };
    of_cluster.login_revoked = hooks_.login_revoked;
    cluster_store_ = persistence::spawn_cluster_store(
      system, database.direct_connection(database_role::writer, "cluster"));
    cluster_ = make_cluster_part(system, settings, cluster_store_, std::move(of_cluster));
    return;
  }
  for (std::int32_t shard = 0; shard < messages::shard_count; ++shard)
    shards_.push_back(open_shard(system, shard, epochs[static_cast<std::size_t>(shard)], nullptr));
}

messages::shard_actor sessions_part::open_shard(caf::actor_system& system, std::int32_t shard,
                                                std::int64_t epoch, actors::lease_ptr served) {
  auto env = std::make_shared<actors::session_environment>();
  env->epoch = epoch;
  env->writer = writers_[static_cast<std::size_t>(shard) % writers_.size()];
  env->reader = reader_;
  env->limits.queued_commands = limits_.queued_commands;
  env->may_speak = std::move(served);
  env->import_queued = hooks_.import_queued;
  actors::shard_settings limits;
  limits.idle_time = limits_.idle_time;
  return actors::spawn_shard(system, std::move(env), limits);
}

messages::shard_actor sessions_part::shard_of(const domain::uuid& user_id) const {
  return cluster_ ? cluster_->shard_of(user_id)
                  : shards_[static_cast<std::size_t>(messages::shard_of(user_id))];
}

void sessions_part::stop() {
  const auto end = [](const auto& handle) {
    caf::anon_send_exit(handle, caf::exit_reason::user_shutdown);
  };
  if (cluster_)
    cluster_->stop();
  end(std::exchange(cluster_store_, nullptr));
  for (const auto& shard : std::exchange(shards_, {}))
    end(shard);
  end(std::exchange(reader_, nullptr));
  for (const auto& writer : std::exchange(writers_, {}))
    end(writer);
}

} // namespace spotter::server
