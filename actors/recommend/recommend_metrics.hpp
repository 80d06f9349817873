#pragma once

#include <caf/actor_system.hpp>
#include <caf/telemetry/counter.hpp>
#include <caf/telemetry/gauge.hpp>
#include <caf/telemetry/metric_registry.hpp>

#include <string_view>

namespace spotter::actors {

/// The recommenders' counters, in the system's registry, by engine.
class recommend_metrics {
public:
  explicit recommend_metrics(caf::actor_system& system);

  /// `result`: "ok", "failed", "late", "refused" or "no_history" for a reader that did not answer.
  void answered(std::string_view engine, std::string_view result);
  /// A worker whose engine threw was replaced.
  void replaced(std::string_view engine);
  /// How many workers were given up and still hold a thread.
  void stuck(std::string_view engine, std::int64_t count);

private:
  using counters = caf::telemetry::metric_family_impl<caf::telemetry::int_counter>;
  using gauges = caf::telemetry::metric_family_impl<caf::telemetry::int_gauge>;

  counters* answers_;
  counters* replaced_;
  gauges* stuck_;
};

} // namespace spotter::actors
