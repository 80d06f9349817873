#pragma once

#include "tests/persistence/pg_fixture.hpp"

#include <sys/types.h>

#include <optional>
#include <string>

namespace spotter::tests {

/// A PgBouncer in transaction mode before the test program's cluster, with few connections of its
/// own, so that many clients share each.
class pgbouncer {
public:
  /// Its program; nothing where it is not installed.
  static std::optional<std::string> find();

  explicit pgbouncer(int server_connections);
  ~pgbouncer();
  pgbouncer(const pgbouncer&) = delete;
  pgbouncer& operator=(const pgbouncer&) = delete;

  /// How `role` reaches a database through it.
  [[nodiscard]] persistence::connection_settings settings(const test_database& database,
                                                          persistence::database_role role) const;

private:
  temporary_folder folder_;
  pid_t process_ = -1;
};

} // namespace spotter::tests
