#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace spotter::server {

/// What `spotterd cluster` is asked to do.
struct cluster_options {
  enum class action : std::uint8_t {
    status = 1, // print nodes, leases and shards
    drain,      // have `node_id` give its shards to the others
    rebalance,  // have the leader think about the places of all shards again
  };
  action what = action::status;
  std::string node_id;
  /// The database that the nodes share, past any pooler; empty for the embedded one.
  std::string server;
  std::filesystem::path data_folder; // of the embedded one
};

/// Runs `spotterd cluster` and returns the exit status: 0; 1 after an error, which is on stderr. Asks
/// the database alone, so it works while nodes don't answer.
int run_cluster(const cluster_options& options);

} // namespace spotter::server
