#pragma once

#include "persistence/connection.hpp"
#include "persistence/migration_files.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace spotter::persistence {

/// Patience and speech of a migrator.
struct migrator_options {
  std::chrono::milliseconds lock_timeout{3'000}; // how long one statement may wait for a table
  int lock_tries = 6;                            // of a migration whose statement waited in vain
  std::chrono::milliseconds first_backoff{250};  // doubles each time, with jitter of a half
  std::chrono::milliseconds runner_wait{30'000}; // for another runner to end
  std::string owner = "spotter_owner";           // whom to act as; empty: as who logs in
  /// Told, in a sentence, what happens: waiting, trying again.
  std::function<void(const std::string&)> report;
};

/// Where a migration stands.
struct migration_status {
  enum class state : std::uint8_t {
    applied = 1,
    pending,
    changed, // applied, but the file is not what it was then
    unknown, // applied, but this program has no such file: it is older than the database
  };
  int version = 0;
  std::string name;
  state now = state::pending;
  std::string applied_at; // RFC 3339, empty unless applied
  std::int64_t duration_ms = 0;
};

/// A migration that was run.
struct migration_step {
  int version = 0;
  std::string name;
  std::chrono::milliseconds duration{0};
  int tries = 1;
};

/// Brings a database's schema `spotter` from one version to another, and remembers what it did in
/// `spotter.spotter_migration` with each file's SHA-256.
///
/// One runner at a time: others wait for a session advisory lock. Each migration is one transaction
/// together with its entry, unless it says that it can't be. A statement that waits longer than
/// `lock_timeout` for a table gives up, so that traffic does not queue behind it, and the migration
/// is tried again later.
class migrator {
public:
  /// Connects for each call; `settings` need a role that may act as the owner.
  migrator(connection_settings settings, std::vector<migration> migrations,
           migrator_options options = {});

  /// Every migration, known or applied, by version. Changes nothing, and waits for nobody.
  [[nodiscard]] migration_result<std::vector<migration_status>> status() const;

  /// Applies what is pending, up to and with version `to`, in order of number. Nothing is applied
  /// when an applied file has changed.
  [[nodiscard]] migration_result<std::vector<migration_step>> up(
    std::optional<int> to = std::nullopt) const;

  /// Takes down every applied migration above version `to`, newest first; 0 takes down all.
  [[nodiscard]] migration_result<std::vector<migration_step>> down(int to) const;

private:
  connection_settings settings_;
  std::vector<migration> migrations_;
  migrator_options options_;
};

} // namespace spotter::persistence
