#pragma once

#include "domain/uuid.hpp"
#include "persistence/connection.hpp"
#include "persistence/embedded_postgres.hpp"
#include "persistence/migrator.hpp"

#include <pqxx/pqxx>

#include <filesystem>
#include <string>

namespace spotter::tests {

/// A folder that goes away with the object.
class temporary_folder {
public:
  temporary_folder();
  ~temporary_folder();
  temporary_folder(const temporary_folder&) = delete;
  temporary_folder& operator=(const temporary_folder&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
  std::filesystem::path path_;
};

/// The one cluster of this test program, started by whoever asks first and stopped at its end. Not
/// durable, to be quick: a test that kills it starts one of its own.
persistence::embedded_postgres& cluster();

/// All that this cluster's server has logged.
std::string cluster_log();

/// A database of its own for each test, dropped with the object.
class test_database {
public:
  enum class content {
    migrated, // a copy of a database that all migrations were applied to
    empty,    // only the roles are there
  };

  explicit test_database(content what = content::migrated);
  ~test_database();
  test_database(const test_database&) = delete;
  test_database& operator=(const test_database&) = delete;

  [[nodiscard]] const std::string& name() const { return name_; }

  /// What `connection_settings::server` takes.
  [[nodiscard]] std::string server() const;

  [[nodiscard]] persistence::connection_settings settings(persistence::database_role role) const;

  [[nodiscard]] pqxx::connection connect(persistence::database_role role) const;

  /// A connection that row-level security does not hold, and how to make one.
  [[nodiscard]] pqxx::connection superuser() const;
  [[nodiscard]] std::string superuser_string() const;

  /// Adds a person, as superuser, and returns the id.
  domain::uuid add_user() const;

private:
  std::string name_;
};

/// For CAF_TEST_FIXTURE_SCOPE, as it is or as a base: a migrated database for each test.
struct pg_fixture {
  test_database database;

  /// What `connection_settings::server` takes.
  [[nodiscard]] std::string server() const { return database.server(); }

  /// How `role` connects.
  [[nodiscard]] persistence::connection_settings settings(persistence::database_role role) const {
    return database.settings(role);
  }

  /// A whole connection string of someone whom row-level security does not hold.
  [[nodiscard]] std::string superuser() const { return database.superuser_string(); }
};

/// The schema `spotter` as SQL, by pg_dump; without the migrator's own table and what differs from
/// dump to dump.
std::string dump_schema(const test_database& database);

} // namespace spotter::tests
