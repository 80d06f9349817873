#pragma once

#include "config/settings.hpp"

#include <string>

namespace spotter::server {

/// Connection strings to the database that the settings name, with the password that
/// `database.password` refers to: for connecting, never for showing. Both empty: the embedded one.
struct database_servers {
  std::string server;
  std::string direct; // past any pooler
};

/// Reads the password, wherever it lies. Throws std::runtime_error, naming the setting and what to do.
[[nodiscard]] database_servers read_database_servers(const config::settings& settings);

} // namespace spotter::server
