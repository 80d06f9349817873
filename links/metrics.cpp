#include "links/metrics.hpp"

#include <caf/telemetry/metric_registry.hpp>

namespace spotter::links {

namespace {

constexpr std::array<double, 10> round_trip_bounds{.0001, .00025, .0005, .001, .0025,
                                                   .005,  .01,    .05,   .25,  1.};

} // namespace

link_metrics::link_metrics(caf::actor_system& system) {
  auto& registry = system.metrics();
  const auto counter = [&](caf::string_view name, caf::string_view help) {
    return registry.counter_singleton("spotter.links", name, help, "1", true);
  };
  up = registry.gauge_singleton("spotter.links", "up", "Peers to which links stand.");
  frames_in = counter("frames-in", "Messages that came from peers.");
  frames_out = counter("frames-out", "Messages that were sent to peers.");
  bytes_in = counter("bytes-in", "Bytes that came from peers, before encryption.");
  bytes_out = counter("bytes-out", "Bytes that were sent to peers, before encryption.");
  full = counter("full", "Messages dropped because a peer takes no more.");
  oversized = counter("oversized", "Messages dropped because they are too large for a frame.");
  round_trip_seconds = registry.histogram_singleton<double>(
    "spotter.links", "round-trip",
    caf::span<const double>{round_trip_bounds.data(), round_trip_bounds.size()},
    "Time from a ping to its answer.", "seconds");
  for (std::size_t i = 1; i < refused_.size(); ++i) {
    const auto reason = to_string(static_cast<refusal>(i));
    refused_[i] = registry.counter_instance(
      "spotter.links", "refused", {{"reason", {reason.data(), reason.size()}}},
      "Connections that were refused or gave up before they were through.", "1", true);
  }
}

void link_metrics::refused(refusal why) const noexcept {
  const auto index = static_cast<std::size_t>(why);
  if (index > 0 && index < refused_.size())
    refused_[index]->inc();
}

} // namespace spotter::links
