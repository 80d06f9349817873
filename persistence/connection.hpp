#pragma once

#include <pqxx/pqxx>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace spotter::persistence {

/// As whom a connection acts. None of them can bypass row-level security.
enum class database_role : std::uint8_t {
  reader = 1, // spotter_reader: selects, one user at a time
  writer,     // spotter_writer: selects, inserts and updates, the users of one batch at a time
  migrator,   // spotter_migrator: acts as the owner of the schema, sees no user's rows
};

/// The name of the role in the database.
[[nodiscard]] std::string_view login_name(database_role role) noexcept;

/// Where and how to connect. `server` is a libpq connection string or URI; a user in it is overruled
/// by `role`, unless `user` names another.
struct connection_settings {
  std::string server;
  database_role role = database_role::reader;
  std::optional<std::string> user; // instead of the role's own name
  std::string application_name = "spotter";
  std::chrono::milliseconds statement_timeout{10'000}; // 0: none
  std::chrono::milliseconds lock_timeout{0};           // 0: none
  std::chrono::seconds connect_timeout{5};             // libpq waits at least 2 s
  /// `server` is a pooler that lends a connection for one transaction: nothing may be prepared by
  /// name, listened to or kept from one transaction to the next. The time-outs are then those of the
  /// role (see migrations/bootstrap.sql), whatever is said here.
  bool pooled = false;
  std::chrono::milliseconds answer_timeout{0}; // a peer that acknowledges nothing is gone; 0: slow
};

/// The whole connection string for libpq, with every value quoted. Contains no password unless
/// `server` has one.
[[nodiscard]] std::string connection_string(const connection_settings& settings);

/// A connection string or URI with a password put into it, as libpq takes it. Throws
/// `pqxx::broken_connection` where it is none, and std::runtime_error where it has a password.
[[nodiscard]] std::string with_password(const std::string& server, std::string_view password);

/// Connects, or throws `pqxx::broken_connection`. The connection has the settings' time-outs, UTC,
/// ISO dates and keepalives that notice a dead peer within half a minute, or sooner with an
/// `answer_timeout`.
[[nodiscard]] pqxx::connection connect(const connection_settings& settings);

/// Makes `user_id` the one whose rows this transaction sees as reader.
inline constexpr std::string_view set_reader_user_sql =
  "SELECT set_config('app.user_id', $1, true)";

/// Makes the users (a uuid[] as text) those whose rows this transaction sees and changes as writer.
inline constexpr std::string_view set_writer_users_sql =
  "SELECT set_config('app.user_ids', $1, true)";

} // namespace spotter::persistence
