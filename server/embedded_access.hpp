#pragma once

#include "domain/expected.hpp"
#include "persistence/embedded_postgres.hpp"

#include <filesystem>
#include <memory>
#include <string>

namespace spotter::server {

/// The embedded database as a command-line tool finds it: run by a server, or started for the tool.
struct embedded_access {
  std::unique_ptr<persistence::embedded_postgres> temporary; // null where a server runs it
  std::string server;    // what `connection_settings::server` takes
  std::string superuser; // a whole connection string
};

/// Joins the database of a running server, or starts it for as long as the result lives. The error
/// is a sentence for people. With `must_exist`, an empty data folder is an error and stays empty.
[[nodiscard]] domain::expected<embedded_access, std::string> open_embedded(
  const std::filesystem::path& data_folder, bool must_exist);

} // namespace spotter::server
