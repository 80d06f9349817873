#pragma once

#include "actors/recommend/engine.hpp"
#include "actors/recommend/recommend_metrics.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <chrono>
#include <deque>
#include <set>

namespace spotter::actors {

/// The bounds of one engine's pool.
struct engine_pool_settings {
  std::size_t workers = 2;                   // engines that run at a time
  std::size_t queue = 64;                    // questions that may wait for a worker
  std::chrono::milliseconds deadline{2'000}; // for the wait and the work together
  std::size_t most_stuck = 4;                // given-up workers that may still hold a thread
  bool threads = true;                       // a thread per worker; off where tests schedule
};

/// The workers of one engine version.
///
/// Each worker has a thread, so that an engine that never returns holds up nobody else. A worker
/// whose engine threw is replaced. One that did not answer within the deadline is given up as
/// stuck: it is replaced while no more than `most_stuck` of them still hold their threads; beyond
/// that the pool works with the workers it has left, and with none it refuses.
///
/// Errors as answers: `request_timeout` (the deadline has passed), `unavailable_or_would_block`
/// (the queue is full, or there is no worker left), `runtime_error` (the engine threw; the text is
/// its own).
struct engine_pool_state {
  static inline const char* name = "spotter.engine_pool";

  engine_pool_state(engine_actor::pointer self, std::string engine_name, engine_function compute,
                    engine_pool_settings settings);
  engine_pool_state(const engine_pool_state&) = delete;
  engine_pool_state& operator=(const engine_pool_state&) = delete;
  ~engine_pool_state();

  engine_actor::behavior_type make_behavior();

private:
  struct question {
    messages::compute_advice ask;
    caf::typed_response_promise<messages::advice> answer;
    caf::actor_clock::time_point arrived;
  };

  void hire();
  void dispatch();
  void give(const engine_actor& worker, question next);
  void give_up(const engine_actor& worker);
  void bury(const caf::down_msg& down);

  engine_actor::pointer self_;
  std::string name_;
  engine_function compute_;
  engine_pool_settings settings_;
  recommend_metrics metrics_;
  std::deque<question> waiting_;
  std::vector<engine_actor> idle_;
  std::set<caf::actor_addr> staff_; // idle or at work
  std::set<caf::actor_addr> stuck_; // given up, but still holding a thread
};

/// Spawns a pool with its workers.
engine_actor spawn_engine_pool(caf::actor_system& system, std::string engine_name,
                               engine_function compute, engine_pool_settings settings = {});

} // namespace spotter::actors
