#pragma once

#include "actors/messages/sealed_rows.hpp"
#include "actors/sealing/sealing.hpp"

#include <caf/actor_system.hpp>
#include <caf/telemetry/gauge.hpp>
#include <caf/telemetry/metric_registry.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace spotter::actors::sealing {

/// How sealed rows are reached. All block, and throw what describes itself.
struct sealed_store {
  /// Takes note that a key seals from now on; whether it is the newest that ever did.
  std::function<bool(const std::string& key_id)> note_key;
  /// The names of all that ever did.
  std::function<std::vector<std::string>()> known_keys;
  std::function<std::vector<messages::sealed_count>()> count;
  /// At most `limit` rows that a key has sealed, in the order of their keys, after one.
  std::function<std::vector<messages::sealed_row>(
    const std::string& place, const std::string& key_id, const std::string& after, int limit)>
    load;
  /// Stores the rows that are still as they were `before`.
  std::function<void(const std::string& place, const std::vector<messages::resealed_row>& rows)>
    put;
  /// Has a job of the kind `reseal` made for this key, unless there is one.
  std::function<bool(const std::string& key_id)> queue_job;
};

/// `spotter_sealed_rows{key=…}`: how many rows each key has sealed. Safe from any thread.
class sealed_row_metrics {
public:
  explicit sealed_row_metrics(caf::actor_system& system);

  void set(const std::vector<messages::sealed_count>& counts);

private:
  std::mutex mutex_;
  caf::telemetry::metric_family_impl<caf::telemetry::int_gauge>* rows_;
  std::map<std::string, caf::telemetry::int_gauge*> seen_; // by key id
};

/// What is wrong with the keys of a node that is to start: rows that it could never open, of a key
/// that once sealed. A sentence for people, which says what to do.
[[nodiscard]] std::optional<std::string> missing_key(
  const sealer& keys, const std::vector<std::string>& known,
  const std::vector<messages::sealed_count>& counts);

/// Whether rows are left that another key than the first has sealed.
[[nodiscard]] bool has_older(const sealer& keys, const std::vector<messages::sealed_count>& counts);

} // namespace spotter::actors::sealing
