#pragma once

#include "actors/jobs/job_actor.hpp"
#include "actors/session_request.hpp"

#include <chrono>
#include <cstdint>

namespace spotter::actors::accounts {

/// What an erasure reaches, and its pace.
struct erasure_environment {
  messages::account_store_actor store;
  shard_directory shards;
  std::int32_t batch = 1'000;                // rows in a transaction
  std::chrono::milliseconds grace{5'000};    // for commits that were under way at the end
  std::chrono::milliseconds timeout{30'000}; // for one answer
};

/// Makes the actors that do jobs of the kind "erasure": end the user's session, delete all rows in
/// batches, wait, and delete what came meanwhile. Can be repeated from the start at any time. The end
/// of the job's row as `finished` deletes the account's row and its own.
[[nodiscard]] job_spawner erasure_spawner(erasure_environment env);

} // namespace spotter::actors::accounts
