#include "server/actor_system.hpp"

#include "actors/messages/all.hpp"

#include <caf/init_global_meta_objects.hpp>

#include <algorithm>
#include <thread>

namespace spotter::server {

actor_runtime::actor_runtime(unsigned threads) {
  static const bool registered = [] {
    caf::init_global_meta_objects<caf::id_block::spotter>();
    caf::core::init_global_meta_objects();
    return true;
  }();
  static_cast<void>(registered);
  // Work stealing sleeps 50 µs between polls by default, which would double the latency of a set at
  // low load: a few quick polls, then straight to the short sleep.
  config_.set("caf.work-stealing.aggressive-poll-attempts", 10);
  config_.set("caf.work-stealing.moderate-poll-attempts", 0);
  // Sessions are short work between the io threads and the database, which want the cores as well: with
  // a thread for each core, waking them costs more than they bring.
  if (threads == 0)
    threads = std::max(1U, std::thread::hardware_concurrency() / 2);
  config_.set("caf.scheduler.max-threads", threads);
  system_ = std::make_unique<caf::actor_system>(config_);
}

} // namespace spotter::server
