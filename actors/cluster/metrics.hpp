#pragma once

#include "actors/messages/cluster.hpp"

#include <caf/actor_system.hpp>
#include <caf/telemetry/counter.hpp>
#include <caf/telemetry/gauge.hpp>
#include <caf/telemetry/histogram.hpp>
#include <caf/telemetry/metric_registry.hpp>

#include <array>
#include <chrono>
#include <string_view>

namespace spotter::actors::cluster {

/// What a node counts of its part in the cluster, in the system's registry.
class metrics {
public:
  using counter = caf::telemetry::int_counter;
  using gauge = caf::telemetry::int_gauge;

  explicit metrics(caf::actor_system& system);

  /// How many nodes are in each state.
  void nodes(const messages::cluster_view& view);
  void lease_left(std::chrono::milliseconds left);
  /// A shard was given away, so long after its target had changed.
  void handoff(std::chrono::duration<double> took);

  gauge* owned;
  gauge* unrouted;        // shards that this node knows no owner of
  gauge* leading;         // 1 or 0
  counter* taken;         // shards, each under a new epoch
  counter* given;         //
  counter* lost;          // shards whose owner another node became without being asked
  counter* fenced;        // the lease was over
  gauge* held_requests;   // wait for an owner
  counter* held_too_long; // and were refused
  counter* forwarded_commands;
  counter* forwarded_reads;
  counter* forwarded_follows;
  counter* served_requests; // of other nodes
  counter* refused_stale;   // asked under an epoch that is not ours
  counter* refused_busy;    // too much in work for a node
  counter* follows_broken;  // a node did not take its events fast enough
  counter* links_lost;

private:
  std::array<gauge*, 4> nodes_{};
  caf::telemetry::dbl_gauge* lease_left_;
  caf::telemetry::dbl_histogram* handoffs_;
};

} // namespace spotter::actors::cluster
