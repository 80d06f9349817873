#pragma once

#include "persistence/postgres_binaries.hpp"

#include <string>
#include <vector>

namespace spotter::persistence {

/// What an embedded server is told on its command line, at every start: a new release of Spotter
/// needs no hand at the files of an old cluster.
struct server_settings {
  std::string cluster_folder; // as the server sees it
  std::string socket_folder;  // likewise
  int max_connections = 100;
  bool durable = true;
  bool lz4 = true; // the build can compress WAL with it
};

/// The command that runs the server in the foreground.
[[nodiscard]] std::vector<std::string> server_command(const postgres_binaries& binaries,
                                                      const server_settings& settings);

} // namespace spotter::persistence
