#pragma once

#include "domain/expected.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace spotter::persistence {

/// Why migrating is not possible.
enum class migration_fault : std::uint8_t {
  bad_file = 1,    // a name, number or pair of files that breaks the rules, or an unreadable one
  changed,         // a file is not what was applied under its number
  unknown_version, // asked to take down what this program has no file for
  locked_out,      // another runner held the migrator's lock for too long
  statement,       // a statement failed; its migration was rolled back
  connection,      // the database can't be reached, or broke off
};

/// What went wrong, in words that name the file, the line, the statement and the SQLSTATE.
struct migration_failure {
  migration_fault fault = migration_fault::bad_file;
  std::string message;
};

template <class T>
using migration_result = domain::expected<T, migration_failure>;

/// A numbered pair of SQL files.
struct migration {
  int version = 0;
  std::string name; // "add_set_rpe"
  std::string up;   // the SQL
  std::string down;

  /// "0007_add_set_rpe"
  [[nodiscard]] std::string stem() const;
};

/// The migrations that are part of this program, by version.
[[nodiscard]] migration_result<std::vector<migration>> embedded_migrations();

/// The migrations of a folder, by version: `NNNN_name.up.sql` with its `.down.sql`. Other files are
/// left alone.
[[nodiscard]] migration_result<std::vector<migration>> read_migrations(
  const std::filesystem::path& folder);

/// Writes the next number's pair into `folder`, to be filled in, and returns the two paths.
[[nodiscard]] migration_result<std::pair<std::filesystem::path, std::filesystem::path>>
write_new_migration(const std::filesystem::path& folder, const std::string& name);

/// True where the SQL says `-- spotter: no-transaction` in the comment lines that it begins with:
/// it is then run statement by statement, each on its own.
[[nodiscard]] bool runs_without_transaction(std::string_view sql);

} // namespace spotter::persistence
