#pragma once

#include "persistence/connection.hpp"

#include <pqxx/pqxx>

#include <chrono>
#include <cstdint>
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

/// The statements of signing keys on a connection that is opened when it is needed, and anew after a
/// failure. All throw what libpqxx throws. Belongs to one thread at a time.
class key_rows {
public:
  explicit key_rows(connection_settings settings);

  /// The keys whose tokens are good, by the time from which they sign.
  [[nodiscard]] std::vector<signing_key_row> load_signing_keys();

  /// "made", "waiting" or "young".
  [[nodiscard]] std::string put_signing_key(const signing_key_entry& entry);

private:
  template <class Statement>
  auto run(Statement statement);

  connection_settings settings_;
  std::optional<pqxx::connection> connection_;
};

} // namespace spotter::persistence
