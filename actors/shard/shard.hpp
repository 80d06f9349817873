#pragma once

#include "actors/messages/handles.hpp"
#include "actors/session/session.hpp"

#include <caf/actor_system.hpp>
#include <caf/telemetry/gauge.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <unordered_map>
#include <vector>

namespace spotter::actors {

/// Bounds of a shard.
struct shard_settings {
  std::size_t sessions = 100'000;                // of this shard; then requests are refused
  std::chrono::milliseconds idle_time{60'000};   // a session unused for one to two of these ends
  std::chrono::milliseconds retire_limit{2'000}; // sessions that take longer are ended by force
};

/// Keeps the sessions of one shard: makes them on demand, lets idle ones end, and forgets those that
/// ended or crashed, so that the next request starts a fresh one.
///
/// Asked to `retire`, it starts no more, has all end, and answers when none is left or when they had
/// their time: one that hangs can't hold up the others, and what it still writes is fenced.
class shard_state {
public:
  static inline const char* name = "spotter.shard";

  using actor = messages::shard_actor::extend<caf::result<void>(caf::tick_atom)>;

  shard_state(actor::pointer self, environment_ptr env, shard_settings settings);

  actor::behavior_type make_behavior();

private:
  std::optional<messages::session_actor> find_or_start(const domain::uuid& user_id);
  void retire();
  void ended();

  actor::pointer self_;
  environment_ptr env_;
  shard_settings settings_;
  std::unordered_map<domain::uuid, messages::session_actor> sessions_;
  caf::telemetry::int_gauge* active_;
  bool retiring_ = false;
  std::vector<caf::typed_response_promise<messages::retired>>
    retirers_; // wait for the last session
};

/// Starts the shard whose sessions write under `env`.
[[nodiscard]] messages::shard_actor spawn_shard(caf::actor_system& system, environment_ptr env,
                                                shard_settings settings);

} // namespace spotter::actors
