#pragma once

#include "config/settings.hpp"
#include "persistence/connection.hpp"
#include "persistence/embedded_postgres.hpp"

#include <functional>
#include <memory>
#include <string>

namespace spotter::server {

/// The database of a node, and how its parts connect to it.
struct database_part {
  std::unique_ptr<persistence::embedded_postgres> embedded; // null where there is a server
  std::string server;                                       // connection string
  std::string direct;                                       // the same, past any pooler
  bool pooled = false;

  /// How a part connects. `purpose` is seen in the server's list of connections.
  [[nodiscard]] persistence::connection_settings connection(persistence::database_role role,
                                                            const char* purpose) const;

  /// The same, past any pooler.
  [[nodiscard]] persistence::connection_settings direct_connection(persistence::database_role role,
                                                                   const char* purpose) const;
};

/// Starts the database where it is embedded, and brings its schema and catalogue up to date; `tell`
/// gets a sentence for each step. Throws std::runtime_error with a sentence that says which step failed
/// and why, or that the server has too few connections for the node.
[[nodiscard]] database_part make_database_part(const config::settings& settings,
                                               const std::function<void(const std::string&)>& tell);

} // namespace spotter::server
