#pragma once

#include "domain/expected.hpp"
#include "persistence/connection.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

namespace spotter::persistence {

/// How the embedded cluster runs.
struct embedded_postgres_options {
  std::string database = "spotter";
  std::chrono::milliseconds start_limit{120'000}; // a recovery after a crash takes its time
  std::chrono::milliseconds stop_limit{15'000};   // of a fast stop, before an immediate one
  std::chrono::milliseconds first_backoff{100};   // between restarts; doubles, at most 5 s
  bool durable = true; // false: fsync off, for tests that do not crash anything
  int max_connections = 100;
  /// Told, in a sentence, what happens: started, died, restarting. From a thread of its own.
  std::function<void(const std::string&)> report;
};

/// A private PostgreSQL in a data folder, run as a child of this process and reachable over a Unix
/// socket only, by this process's user and the cluster's only.
///
/// - As root it runs under `postgres`, or `nobody` where that does not exist.
/// - If the server dies it is started again, with backoff, until `stop`; connections break and have
///   to be opened anew.
/// - If this process dies, however it dies, the server stops. Whatever is left of an earlier one is
///   ended before a new one starts: two never run in one folder.
/// - The roles and the database are there when `start` returns; the schema is the migrator's work.
class embedded_postgres {
public:
  /// Makes the cluster if there is none, starts it and waits until it answers. The error is a
  /// sentence for people, with the end of the server's log where that helps.
  static domain::expected<std::unique_ptr<embedded_postgres>, std::string> start(
    const std::filesystem::path& data_folder, embedded_postgres_options options = {});

  /// Stops the server.
  ~embedded_postgres();

  embedded_postgres(const embedded_postgres&) = delete;
  embedded_postgres& operator=(const embedded_postgres&) = delete;

  /// The server and database as a libpq connection string without user: what
  /// `connection_settings::server` takes.
  [[nodiscard]] std::string server() const;

  /// A whole connection string for one of our roles.
  [[nodiscard]] std::string connection_string(database_role role) const;

  /// The same for the superuser, whom row-level security does not hold: for bootstrapping, `psql`
  /// and tests only.
  [[nodiscard]] std::string superuser_connection_string() const;

  /// True while the server process runs; it may still be starting or recovering.
  [[nodiscard]] bool alive() const noexcept;

  /// How often the server has been started again after it had died.
  [[nodiscard]] std::uint64_t restarts() const noexcept;

  /// The server's main process, 0 while there is none.
  [[nodiscard]] int process() const noexcept;

  /// Stops the server: fast (open transactions are rolled back), then immediately. Idempotent.
  void stop();

private:
  struct parts;
  explicit embedded_postgres(std::unique_ptr<parts> made);

  std::unique_ptr<parts> parts_;
};

/// The name of the superuser of embedded clusters.
inline constexpr const char* embedded_superuser = "spotter_superuser";

/// How to reach the superuser of the embedded cluster of a data folder that another process runs.
[[nodiscard]] std::string running_superuser_connection_string(
  const std::filesystem::path& data_folder, const std::string& database = "spotter");

} // namespace spotter::persistence
