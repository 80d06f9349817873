#pragma once

#include "actors/identity/settings.hpp"
#include "actors/messages/handles.hpp"

#include <caf/actor_system.hpp>
#include <caf/telemetry/gauge.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

// Hashing a password takes tens of milliseconds and megabytes, on purpose. A storm of logins must
// cost the training lifters nothing: a few threads of low priority do the work, a short queue stands
// before them, and what does not fit is refused at once with 503.

namespace spotter::actors::identity {

/// True while passwords wait for a worker.
using crowd_flag = std::shared_ptr<std::atomic<bool>>;

/// Makes one worker, on behalf of the pool, which monitors it and keeps the flag.
using worker_factory = std::function<messages::password_actor(
  messages::password_actor::pointer pool, const crowd_flag& crowded)>;

/// Takes jobs in turn and gives each to an idle worker. A worker that dies is replaced; the request
/// it had is answered with `internal`. Refuses with `overloaded` what exceeds the queue or has
/// waited too long. Passwords that are to be judged are first looked up among breached ones, where
/// the settings name somebody to ask; without an answer they go on.
struct password_pool_state {
  static inline const char* name = "spotter.password_pool";

  password_pool_state(messages::password_actor::pointer self, password_settings settings,
                      worker_factory make_worker);
  ~password_pool_state();
  password_pool_state(const password_pool_state&) = delete;
  password_pool_state& operator=(const password_pool_state&) = delete;

  messages::password_actor::behavior_type make_behavior();

private:
  using request = std::variant<messages::hash_password, messages::check_password>;
  using promise = std::variant<caf::typed_response_promise<messages::password_hashed>,
                               caf::typed_response_promise<messages::password_checked>>;
  struct job {
    request what;
    promise to;
    std::chrono::steady_clock::time_point queued_at;
  };
  struct slot {
    messages::password_actor worker;
    std::optional<promise> current; // of the job at work
  };

  void accept(request what, promise to);
  void look_up(messages::hash_password what,
               caf::typed_response_promise<messages::password_hashed> to);
  void dispatch();
  void run(std::size_t index, job next);
  void finished(std::size_t index, const messages::password_actor& worker);
  void lost(const caf::actor_addr& worker);
  void replace(std::size_t index);
  void refuse(promise& to, messages::failure_code code, std::string detail);
  void refuse_busy(promise& to);

  messages::password_actor::pointer self_;
  password_settings settings_;
  worker_factory make_worker_;
  std::vector<slot> slots_;
  std::deque<job> queue_;
  crowd_flag crowded_ = std::make_shared<std::atomic<bool>>(false);
  std::size_t looking_up_ = 0; // passwords among breached ones
  caf::telemetry::int_gauge* depth_;
};

/// Spawns the pool with workers of its own making: detached, of low priority, one hash at a time, in slices
/// while others wait.
messages::password_actor spawn_password_pool(caf::actor_system& system,
                                             const password_settings& settings);

/// Spawns a pool whose workers the factory makes.
messages::password_actor spawn_password_pool(caf::actor_system& system,
                                             const password_settings& settings,
                                             worker_factory make_worker);

} // namespace spotter::actors::identity
