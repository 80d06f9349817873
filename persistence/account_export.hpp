#pragma once

#include "actors/messages/handles.hpp"
#include "persistence/connection.hpp"

#include <caf/actor_system.hpp>

#include <cstdint>

namespace spotter::persistence {

/// How much one export may be.
struct export_settings {
  connection_settings connection;                      // as reader
  std::uint64_t most_content = std::uint64_t{1} << 30; // bytes before they are packed
  std::uint64_t most_archive = std::uint64_t{512}
                               << 20; // bytes of the ZIP, which is held in memory
};

/// Spawns the maker of exports: one at a time, on a thread of its own, in one snapshot and under the
/// row-level security of the person. Which tables and columns there are, the catalogue of the
/// database says: every table with a user_id, every column that a reader may see (secrets are none
/// of them), so that a new table is never forgotten. The ZIP holds
///
/// - `manifest.json`: the files, each with its rows and bytes;
/// - `data/<table>.json`: an array of rows, each row an object;
/// - `sets.csv`: all sets that are not deleted, to be read by people and other programs;
/// - `imports/<id>/original`: the files that were imported, as they came.
///
/// Rows pass through temporary files, not through memory. What exceeds the settings is `too_large`.
messages::export_actor spawn_account_export(caf::actor_system& system, export_settings settings);

} // namespace spotter::persistence
