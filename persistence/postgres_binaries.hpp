#pragma once

#include "domain/expected.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace spotter::persistence {

/// An installed PostgreSQL server.
struct postgres_binaries {
  std::filesystem::path folder; // holds postgres, initdb and psql
  int major = 0;

  [[nodiscard]] std::string path(const char* program) const { return (folder / program).string(); }
};

/// The oldest major version that Spotter's SQL works with.
inline constexpr int oldest_postgres = 15;

/// Finds PostgreSQL 15 or newer: in $SPOTTER_PG_BIN if that is set, else the newest among the usual
/// folders and PATH. With `major`, only that version, because a cluster belongs to one. The error
/// says where was looked and what to do.
[[nodiscard]] domain::expected<postgres_binaries, std::string> find_postgres(
  std::optional<int> major = std::nullopt);

} // namespace spotter::persistence
