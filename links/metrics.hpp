#pragma once

#include "links/protocol.hpp"

#include <caf/actor_system.hpp>
#include <caf/telemetry/counter.hpp>
#include <caf/telemetry/gauge.hpp>
#include <caf/telemetry/histogram.hpp>

#include <array>

namespace spotter::links {

/// What the links count, in the program's one registry. Safe from any thread.
struct link_metrics {
  explicit link_metrics(caf::actor_system& system);

  /// Counts a connection of a stranger that was refused.
  void refused(refusal why) const noexcept;

  caf::telemetry::int_gauge* up;
  caf::telemetry::int_counter* frames_in;
  caf::telemetry::int_counter* frames_out;
  caf::telemetry::int_counter* bytes_in;
  caf::telemetry::int_counter* bytes_out;
  caf::telemetry::int_counter* full;      // frames dropped because the peer takes no more
  caf::telemetry::int_counter* oversized; // frames dropped because they are too large
  caf::telemetry::dbl_histogram* round_trip_seconds;

private:
  std::array<caf::telemetry::int_counter*, refusal_count> refused_{};
};

} // namespace spotter::links
