#pragma once

#include "actors/cluster/handles.hpp"
#include "actors/cluster/link_port.hpp"
#include "actors/cluster/local_shards.hpp"
#include "actors/cluster/metrics.hpp"
#include "actors/cluster/settings.hpp"

#include <atomic>
#include <memory>
#include <utility>
#include <vector>

namespace spotter::actors::cluster {

/// What the cluster's actors of one node share.
struct context {
  context(caf::actor_system& system, settings s, ports p)
    : how(std::move(s)), with(std::move(p)), count(system) {}

  const settings how;
  const ports with;
  link_port links;
  local_shards local;
  metrics count;
  std::atomic<std::uint32_t> last_proxy{0}; // numbers are not used again

  // Set once, before any of them is sent its first message.
  switchboard_actor switchboard;
  membership_actor membership;
  std::vector<route_actor> routes;
};

using context_ptr = std::shared_ptr<context>;

} // namespace spotter::actors::cluster
