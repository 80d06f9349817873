#pragma once

#include "actors/identity/key_keeper.hpp"
#include "actors/sealing/key_file.hpp"
#include "actors/sealing/reseal_job.hpp"
#include "config/settings.hpp"
#include "gateway/key_set.hpp"
#include "persistence/key_rows.hpp"

#include <caf/actor_system.hpp>

#include <memory>
#include <optional>

namespace spotter::server {

/// How signing keys live by the settings.
[[nodiscard]] actors::identity::key_settings key_settings_of(const config::settings& settings);

/// The store of signing keys behind these statements.
[[nodiscard]] actors::identity::key_store key_store_of(std::shared_ptr<persistence::key_rows> rows);

/// The store of sealed rows behind these statements.
[[nodiscard]] actors::sealing::sealed_store sealed_store_of(
  std::shared_ptr<persistence::key_rows> rows);

/// The signing keys of a node: for those who sign and those who verify, and who looks after both.
struct keys_part {
  std::shared_ptr<actors::identity::signing_keys> signers;
  std::shared_ptr<gateway::key_set> verifiers;
  caf::actor keeper;
  std::optional<actors::sealing::reseal_environment> reseal; // for the jobs that seal anew
};

/// Loads the keys, or makes the first one from `first_seed`. Throws std::runtime_error with a
/// sentence for people where they can't be had, or where a sealing key is missed.
[[nodiscard]] keys_part make_keys_part(caf::actor_system& system, const config::settings& settings,
                                       persistence::connection_settings connection,
                                       const actors::sealing::sealer& sealer,
                                       const actors::sealing::key_bytes& first_seed);

} // namespace spotter::server
