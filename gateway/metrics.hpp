#pragma once

#include <caf/actor_system.hpp>
#include <caf/telemetry/counter.hpp>
#include <caf/telemetry/gauge.hpp>
#include <caf/telemetry/histogram.hpp>

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace spotter::gateway {

/// What the gateway counts, in the program's one registry. Safe from any thread.
struct gateway_metrics {
  explicit gateway_metrics(caf::actor_system& system);

  caf::telemetry::int_gauge* connections;
  caf::telemetry::int_gauge* live_sockets;
  caf::telemetry::int_gauge* live_streams; // server-sent events
  caf::telemetry::int_gauge* pending_asks;
  caf::telemetry::int_counter* refused_connections;
  caf::telemetry::int_counter* deliveries; // events handed to a subscriber's socket
  caf::telemetry::int_counter* slow_consumers;
  caf::telemetry::int_counter* resubscriptions;
  caf::telemetry::int_counter* live_commands;
  caf::telemetry::dbl_histogram* live_command_seconds;
};

/// The counters of one route.
class route_metrics {
public:
  route_metrics(caf::actor_system& system, std::string_view method, std::string_view route);

  /// Counts an answer and the seconds it took.
  void count(int status, double seconds) const;

private:
  std::array<caf::telemetry::int_counter*, 4> by_class_{}; // 2xx to 5xx
  caf::telemetry::dbl_histogram* seconds_;
};

/// Everything in the registry, and what the kernel says of the process, as Prometheus text.
[[nodiscard]] std::string to_prometheus(caf::actor_system& system);

} // namespace spotter::gateway
