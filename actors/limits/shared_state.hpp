#pragma once

#include "actors/limits/local_state.hpp"
#include "actors/messages/handles.hpp"

#include <caf/actor_system.hpp>
#include <caf/telemetry/counter.hpp>
#include <caf/telemetry/gauge.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <array>
#include <chrono>

namespace spotter::actors {

/// Where limits and cache live, and how long to wait for a server that has them.
struct shared_state_settings {
  local_bounds local;
  messages::shared_state_actor store;         // empty: this process alone
  std::chrono::milliseconds time_out{100};    // of one answer of the store
  std::chrono::milliseconds first_pause{100}; // between tries to reach a lost store: doubles
  std::chrono::milliseconds last_pause{5'000};
  std::size_t most_pending = 4'096; // with the store; what is more is decided here
};

/// Decides about limits and keeps the cache: for all nodes together where there is a store, for this
/// process alone where there is none.
///
/// States: *local* (no store), *shared* (the store decides) and *cut off* (the store failed once; this
/// process decides by its own counters, and asks the store now and then whether it is back). A store
/// that fails costs each request that was on its way at most `time_out`, and later ones nothing.
/// Nobody is refused because of it: counts begin anew, so that with n nodes up to n times as much gets
/// through until the store is back.
class shared_state {
public:
  static inline const char* name = "spotter.shared_state";

  using actor = messages::shared_state_actor::extend<caf::result<void>(caf::tick_atom),
                                                     caf::result<void>(caf::connect_atom)>;

  shared_state(actor::pointer self, shared_state_settings settings);

  actor::behavior_type make_behavior();

private:
  using clock = std::chrono::steady_clock;

  enum class kind : std::uint8_t { take, count, forgive, find, keep };

  template <class Reply, class Request, class Local>
  caf::result<Reply> decide(kind what, Request& request, Local local);
  [[nodiscard]] bool reachable(kind what);
  [[nodiscard]] limit_time now() const;
  void cut_off(const caf::error& why);
  void probe();
  void probe_later();
  void rejoin();

  actor::pointer self_;
  shared_state_settings settings_;
  local_state local_;
  bool cut_off_ = false;
  std::size_t pending_ = 0;
  std::chrono::milliseconds pause_;
  clock::time_point joined_{};
  std::array<caf::telemetry::int_counter*, 5> decided_here_{};
  std::array<caf::telemetry::int_counter*, 5> decided_there_{};
  caf::telemetry::int_counter* outages_ = nullptr;
  caf::telemetry::int_gauge* up_ = nullptr; // where there is a store
  caf::telemetry::int_gauge* counters_;
};

/// Starts it.
[[nodiscard]] messages::shared_state_actor spawn_shared_state(caf::actor_system& system,
                                                              shared_state_settings settings);

} // namespace spotter::actors
