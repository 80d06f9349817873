#pragma once

#include "actors/identity/identity.hpp"
#include "actors/messages/handles.hpp"
#include "actors/sealing/reseal_job.hpp"
#include "actors/session_request.hpp"
#include "config/settings.hpp"
#include "persistence/connection.hpp"

#include <caf/actor_system.hpp>

#include <atomic>
#include <chrono>
#include <memory>

namespace spotter::server {

/// What an accounts part needs of the node.
struct accounts_needs {
  persistence::connection_settings writer;
  persistence::connection_settings reader;
  messages::password_actor passwords;
  messages::job_store_actor job_store;
  actors::identity::hooks hooks;
  actors::shard_directory shards;
  messages::shared_state_actor limits;
  actors::sealing::reseal_environment reseal;
};

/// The actors of accounts: mails, changes, erasure, export, and the jobs that carry them.
struct accounts_part {
  messages::account_store_actor store;
  messages::mailer_actor mailer;
  messages::export_actor exporter;
  messages::job_supervisor_actor jobs;
  messages::accounts_actor accounts;
  bool has_outbox = false; // mails stay here and may be shown to this machine
  std::shared_ptr<std::atomic<bool>> stopping = std::make_shared<std::atomic<bool>>(false);

  /// Ends them; running jobs are given back first, within `limit`. The job store must still run.
  void stop(caf::actor_system& system, std::chrono::milliseconds limit);
};

/// Spawns them. Throws std::runtime_error where a secret can't be had.
[[nodiscard]] accounts_part make_accounts_part(caf::actor_system& system,
                                               const config::settings& settings,
                                               accounts_needs needs);

} // namespace spotter::server
