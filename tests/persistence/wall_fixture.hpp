#pragma once

#include "persistence/connection.hpp"
#include "tests/persistence/pg_fixture.hpp"

#include "caf/test/dsl.hpp"

#include <map>
#include <string>
#include <vector>

// What the tests of the database's own walls share: two people with rows in every table.

namespace spotter::tests {

using texts = std::vector<std::string>;

// Tables with user_id that spotter_reader and spotter_writer have no policy for, each with its reason.
inline const std::map<std::string, std::string> closed_tables{
  {"account_email", "answers before anybody is known, so only spotter_identity may look"},
  {"account_token", "stands for somebody who has not signed in, as account_email"},
};

struct wall_fixture : pg_fixture {
  pqxx::connection admin = database.superuser();
  domain::uuid alice = database.add_user();
  domain::uuid bob = database.add_user();

  texts column(const std::string& sql);

  /// The tables that hold users' rows, without partitions.
  texts user_tables();

  /// A row of every user table for both. A table that it knows no row for fails the test.
  void fill();

  /// Whose rows `role` sees of a table, one entry a row, when the setting names these users.
  texts seen(persistence::database_role role, const std::string& setting, const std::string& table);

  bool may(const std::string& role, const std::string& table, const std::string& privilege);

  /// All of a person's rows, hashed: the same as long as nobody has changed any of them.
  std::string rows_of(const domain::uuid& user, const std::string& table);

  /// Is every one alice's, and is there one?
  [[nodiscard]] bool only_of_alice(const texts& found) const;
};

inline std::string array_of(const domain::uuid& user) {
  return "{" + to_string(user) + "}";
}

} // namespace spotter::tests
