#include "gateway/metrics.hpp"

#include <caf/telemetry/collector/prometheus.hpp>
#include <caf/telemetry/metric_registry.hpp>

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace spotter::gateway {

namespace {

constexpr std::array<double, 12> latency_bounds{.0005, .001, .0025, .005, .01, .025,
                                                .05,   .1,   .25,   1.,   2.5, 10.};
constexpr caf::span<const double> latency_buckets{latency_bounds.data(), latency_bounds.size()};

caf::string_view to_caf(std::string_view text) noexcept {
  return {text.data(), text.size()};
}

double resident_bytes() {
  auto* file = std::fopen("/proc/self/statm", "r");
  if (!file)
    return 0;
  long total = 0;
  long resident = 0;
  const int n = std::fscanf(file, "%ld %ld", &total, &resident);
  std::fclose(file);
  return n == 2 ? static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE)) : 0;
}

double open_files() {
  auto* folder = opendir("/proc/self/fd");
  if (!folder)
    return 0;
  int n = 0;
  while (readdir(folder))
    ++n;
  closedir(folder);
  return std::max(n - 3, 0); // ".", ".." and the folder itself
}

double cpu_seconds() {
  timespec used{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

void append(std::string& out, const char* name, const char* type, const char* help, double value) {
  char text[64];
  std::snprintf(text, sizeof text, "%.17g", value);
  out += "# HELP ";
  ((out += name) += ' ') += help;
  out += "\n# TYPE ";
  ((out += name) += ' ') += type;
  out += '\n';
  ((out += name) += ' ') += text;
  out += '\n';
}

} // namespace

gateway_metrics::gateway_metrics(caf::actor_system& system) {
  auto& registry = system.metrics();
  const auto gauge = [&](caf::string_view name, caf::string_view help) {
    return registry.gauge_singleton("spotter.gateway", name, help);
  };
  const auto counter = [&](caf::string_view name, caf::string_view help) {
    return registry.counter_singleton("spotter.gateway", name, help, "1", true);
  };
  connections = gauge("connections", "Open connections of all kinds.");
  live_sockets = gauge("live-sockets", "Open WebSockets.");
  live_streams = gauge("live-streams", "Open server-sent event streams.");
  pending_asks = gauge("pending-asks", "Requests to actors that wait for an answer.");
  refused_connections = counter("refused-connections", "Connections over a limit.");
  deliveries = counter("deliveries", "Events handed to subscribers.");
  slow_consumers = counter("slow-consumers", "Subscribers closed for not keeping up.");
  resubscriptions = counter("resubscriptions", "Subscriptions renewed after a session ended.");
  live_commands = counter("live-commands", "Commands over WebSockets.");
  live_command_seconds =
    registry.histogram_singleton<double>("spotter.gateway", "live-command", latency_buckets,
                                         "Time to answer a command over a WebSocket.", "seconds");
}

route_metrics::route_metrics(caf::actor_system& system, std::string_view method,
                             std::string_view route) {
  auto& registry = system.metrics();
  constexpr std::array<std::string_view, 4> classes{"2xx", "3xx", "4xx", "5xx"};
  for (std::size_t i = 0; i < classes.size(); ++i)
    by_class_[i] = registry.counter_instance(
      "spotter.gateway", "requests",
      {{"method", to_caf(method)}, {"route", to_caf(route)}, {"status", to_caf(classes[i])}},
      "Answered requests.", "1", true);
  seconds_ = registry
               .histogram_family<double>("spotter.gateway", "request", {"method", "route"},
                                         latency_buckets, "Time to answer a request.", "seconds")
               ->get_or_add({{"method", to_caf(method)}, {"route", to_caf(route)}});
}

void route_metrics::count(int status, double seconds) const {
  const auto index = std::clamp(status / 100 - 2, 0, 3);
  by_class_[static_cast<std::size_t>(index)]->inc();
  seconds_->observe(seconds);
}

std::string to_prometheus(caf::actor_system& system) {
  caf::telemetry::collector::prometheus collector;
  const auto text = collector.collect_from(system.metrics());
  std::string out(text.begin(), text.end());
  append(out, "process_resident_memory_bytes", "gauge", "Resident memory.", resident_bytes());
  append(out, "process_open_fds", "gauge", "Open file descriptors.", open_files());
  append(out, "process_cpu_seconds_total", "counter", "Processor time used.", cpu_seconds());
  return out;
}

} // namespace spotter::gateway
