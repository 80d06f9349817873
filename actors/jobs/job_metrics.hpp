#pragma once

#include <caf/actor_system.hpp>
#include <caf/telemetry/counter.hpp>
#include <caf/telemetry/gauge.hpp>
#include <caf/telemetry/metric_registry.hpp>

#include <string_view>

namespace spotter::actors {

/// The counters of the job runner, in the system's registry.
class job_metrics {
public:
  explicit job_metrics(caf::actor_system& system);

  void claimed(std::string_view kind);
  /// `state` as in `messages::end_job`.
  void ended(std::string_view kind, std::string_view state);
  void lease_lost(std::string_view kind);
  void store_failed();
  /// How many jobs run now.
  void running(std::int64_t count);

private:
  using counters = caf::telemetry::metric_family_impl<caf::telemetry::int_counter>;

  counters* claimed_;
  counters* ended_;
  counters* lost_;
  caf::telemetry::int_counter* store_failures_;
  caf::telemetry::int_gauge* running_;
};

} // namespace spotter::actors
