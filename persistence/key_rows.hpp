#pragma once

#include "actors/messages/sealed_rows.hpp"
#include "persistence/connection.hpp"

#include <pqxx/pqxx>

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace spotter::persistence {

/// A signing key as it is stored. Times are milliseconds from the answer on.
struct signing_key_row {
  std::string key_id;
  std::string sealed_seed;
  std::int64_t signs_in_ms = 0;
  std::optional<std::int64_t> stops_in_ms; // of signing
  std::optional<std::int64_t> gone_in_ms;
};

/// What `put_signing_key` of migrations/0090_signing_keys needs.
struct signing_key_entry {
  std::string key_id;
  std::string sealed_seed;
  std::int64_t lead_ms = 0;
  std::int64_t overlap_ms = 0;
  std::int64_t least_age_ms = 0;
};

/// Where the last job that seals anew stands, as a job's row says it.
struct reseal_state {
  std::string state;
  std::string reason;
};

/// The statements of signing keys and sealed rows (migrations/0090, 0097) on a connection that is
/// opened when it is needed, and anew after a failure. All throw what libpqxx throws. Threads take
/// turns.
class key_rows {
public:
  explicit key_rows(connection_settings settings);

  /// The keys whose tokens are good, by the time from which they sign.
  [[nodiscard]] std::vector<signing_key_row> load_signing_keys();

  /// "made", "waiting" or "young".
  [[nodiscard]] std::string put_signing_key(const signing_key_entry& entry);

  /// Takes note that a key seals from now on; whether it is the newest of all.
  [[nodiscard]] bool note_sealing_key(const std::string& key_id);

  /// The names of the keys that have sealed, oldest first.
  [[nodiscard]] std::vector<std::string> known_sealing_keys();

  [[nodiscard]] std::vector<messages::sealed_count> count_sealed_rows();

  /// Some of a table's rows that a key has sealed, in the order of their keys, after `after`.
  [[nodiscard]] std::vector<messages::sealed_row> load_sealed_rows(const std::string& place,
                                                                   const std::string& key_id,
                                                                   const std::string& after,
                                                                   int limit);

  /// Stores rows that were not changed meanwhile; how many they were.
  [[nodiscard]] std::size_t put_resealed_rows(const std::string& place,
                                              const std::vector<messages::resealed_row>& rows);

  /// Has a job seal anew what other keys than this one have sealed. False where one is under way, or
  /// has given up today.
  bool queue_reseal(const std::string& key_id);

  /// As migrator.
  [[nodiscard]] std::optional<reseal_state> last_reseal();

private:
  template <class Statement>
  auto run(Statement statement);

  std::mutex turn_;
  connection_settings settings_;
  std::optional<pqxx::connection> connection_;
};

} // namespace spotter::persistence
