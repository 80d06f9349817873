#pragma once

#include "domain/expected.hpp"
#include "domain/taxonomy.hpp"
#include "persistence/connection.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace spotter::persistence {

/// The catalogue as its files say it.
struct catalogue {
  domain::taxonomy muscles;
  std::vector<domain::catalogue_exercise> exercises;
};

/// What loading changed. All zero when the tables were as the files say.
struct catalogue_changes {
  std::int64_t exercises_added = 0;
  std::int64_t exercises_changed = 0; // each has a new version
  std::int64_t muscles = 0;           // nodes and edges added, changed or removed
};

/// The catalogue that is part of this program. The error names the file and the line.
[[nodiscard]] domain::expected<catalogue, std::string> embedded_catalogue();

/// Makes the tables say what `wanted` says, in one transaction: adds and changes by id; an exercise
/// that is not in the files any more stays, because workouts point at it. `settings` need a role
/// that may act as `spotter_owner` (the migrator). Nodes may do this at the same time.
[[nodiscard]] domain::expected<catalogue_changes, std::string> load_catalogue(
  const connection_settings& settings, const catalogue& wanted);

} // namespace spotter::persistence
