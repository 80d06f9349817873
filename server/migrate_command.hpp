#pragma once

#include "persistence/connection.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace spotter::server {

/// What `spotterd migrate` is asked to do.
struct migrate_options {
  enum class action : std::uint8_t {
    status = 1, // list every migration and where it stands
    up,         // apply what is pending, up to `to`
    down,       // take down what is above `to`, which must be given
    create,     // `new`: write an empty pair called `name` into `folder`
  };
  action what = action::status;
  std::optional<int> to;
  std::string name;
  /// Where `create` writes; other actions use the migrations that are part of the program, unless
  /// `from_folder` says that they are read from here.
  std::filesystem::path folder = "migrations";
  bool from_folder = false;
  /// An external database, as `connection_settings::server`; empty for the embedded one.
  std::string server;
  std::filesystem::path data_folder; // of the embedded one
};

/// Runs `spotterd migrate` and returns the exit status: 0; 1 after an error, which is on stderr.
/// The embedded database is joined where a server runs it, and else started for as long as needed.
int run_migrate(const migrate_options& options);

} // namespace spotter::server
