#pragma once

#include "actors/messages/handles.hpp"
#include "persistence/connection.hpp"
#include "persistence/unit_batch.hpp"

#include <caf/actor_system.hpp>
#include <caf/fwd.hpp>
#include <caf/telemetry/counter.hpp>
#include <caf/telemetry/gauge.hpp>
#include <caf/telemetry/histogram.hpp>

#include <chrono>
#include <optional>
#include <vector>

namespace spotter::persistence {

/// Bounds of a writer.
struct writer_settings {
  connection_settings connection;                   // its role must be the writer's
  std::size_t batch_units = 256;                    // in one transaction
  std::size_t batch_bytes = 8 * 1024 * 1024;        // of events and files in one transaction
  std::size_t queued_units = 8192;                  // then `overloaded`
  std::chrono::milliseconds connect_deadline{5000}; // a unit waits so long for a connection
  std::chrono::milliseconds doubt_deadline{15'000}; // an unknown outcome is looked up so long
};

/// Commits units of work in batches.
///
/// It takes all that queued while the last commit ran and commits it as one transaction; there is no
/// timer. A batch that fails is done again unit by unit, so that one bad unit fails alone. When the
/// connection breaks under a commit, the outcome is unknown: after reconnecting, the units are read
/// back by their first event, and those that are not there are committed again, which the primary
/// key of events makes safe.
///
/// Runs detached: libpqxx blocks.
class writer_state {
public:
  static inline const char* name = "spotter.writer";

  using actor = messages::writer_actor::extend<caf::result<void>(caf::flush_atom)>;

  writer_state(actor::pointer self, writer_settings settings);
  ~writer_state();

  actor::behavior_type make_behavior();

private:
  using clock = std::chrono::steady_clock;

  struct entry {
    unit_ptr unit;
    caf::strong_actor_ptr asker;
    clock::time_point since;
    bool in_doubt = false; // sent once, outcome unknown
  };

  void enqueue(unit_ptr unit);
  void flush();
  [[nodiscard]] bool connected();
  void expire();
  void resolve_doubts();
  [[nodiscard]] std::vector<entry> take_batch();
  void commit(std::vector<entry> batch);
  void commit_one_by_one(std::vector<entry>& batch, std::size_t from);
  void judge(entry& e, const pqxx::sql_error& why);
  void put_in_doubt(std::vector<entry>& batch, std::size_t from, const char* why);
  void reply(const entry& e, messages::store_result result, std::string detail = {});
  void wake(std::chrono::milliseconds delay);

  actor::pointer self_;
  writer_settings settings_;
  std::optional<pqxx::connection> connection_;
  unit_batch batch_;
  std::vector<entry> queue_;
  bool awake_ = false; // a flush is on its way
  std::chrono::milliseconds backoff_{0};
  clock::time_point next_attempt_; // to connect
  caf::telemetry::int_counter* committed_units_;
  caf::telemetry::int_counter* failed_units_;
  caf::telemetry::int_counter* reconnects_;
  caf::telemetry::int_gauge* backlog_;
  caf::telemetry::dbl_histogram* commit_seconds_;
  caf::telemetry::int_histogram* batch_sizes_;
};

/// Starts a writer on a thread of its own.
[[nodiscard]] messages::writer_actor spawn_writer(caf::actor_system& system,
                                                  writer_settings settings);

} // namespace spotter::persistence
