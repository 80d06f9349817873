#pragma once

#include "persistence/migrator.hpp"

#include <map>
#include <string>

namespace spotter::persistence {

/// Carries a failure out of nested calls; the migrator catches it in one place.
struct migration_error {
  migration_failure failure;
};

/// What `spotter.spotter_migration` says of an applied migration.
struct applied_migration {
  std::string name;
  std::string checksum; // SHA-256 of the up file, hex
  std::string applied_at;
  std::int64_t duration_ms = 0;
};

/// One connection's worth of migrating. Throws `migration_error` and what libpqxx throws.
class migration_session {
public:
  /// Both must live longer.
  migration_session(connection_settings settings, const migrator_options& options);

  /// Waits until no other session holds the runners' lock, and takes it until this one ends.
  void lock();

  /// Acts as the owner of the schema from here on.
  void become_owner();

  /// Makes the schema and the migrator's table where they are missing.
  void prepare();

  [[nodiscard]] std::map<int, applied_migration> applied();

  /// The SHA-256 of each up file as it is now: by the database, which wrote the ones to compare with.
  [[nodiscard]] std::map<int, std::string> checksums(const std::vector<migration>& migrations);

  /// Runs one file, again and again while its statements wait in vain for a lock.
  migration_step perform(const migration& what, bool up);

private:
  void report(const std::string& what) const;
  void exec(const std::string& sql);
  [[nodiscard]] bool has_table();
  [[nodiscard]] std::string holder();

  template <class T, class... Args>
  T query(const char* sql, const Args&... args) {
    pqxx::nontransaction tx{connection_};
    return tx.query_value<T>(sql, pqxx::params{args...});
  }

  const migrator_options& options_;
  pqxx::connection connection_;
};

} // namespace spotter::persistence
