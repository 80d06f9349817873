#pragma once

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <memory>

namespace spotter::server {

/// The actor system with its configuration: types registered, scheduler tuned for latency. On
/// destruction it waits for all actors to end.
class actor_runtime {
public:
  /// `threads` of the scheduler; 0: one for every two cores.
  explicit actor_runtime(unsigned threads);

  [[nodiscard]] caf::actor_system& system() noexcept { return *system_; }

private:
  caf::actor_system_config config_;
  std::unique_ptr<caf::actor_system> system_;
};

} // namespace spotter::server
