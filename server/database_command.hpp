#pragma once

#include <filesystem>

namespace spotter::server {

/// Runs the embedded PostgreSQL of a data folder for several nodes on this machine, without serving,
/// until SIGTERM or Ctrl-C; call `block_ending_signals` before. Prints, on a line of its own, what
/// the nodes' setting `database.server` has to be, once they can connect. Returns the exit status.
int run_database(const std::filesystem::path& data_folder, int max_connections);

} // namespace spotter::server
