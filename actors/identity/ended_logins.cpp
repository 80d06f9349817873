#include "actors/identity/ended_logins.hpp"

#include "domain/broken.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/telemetry/counter.hpp>
#include <caf/telemetry/metric_registry.hpp>

#include <spdlog/spdlog.h>

#include <string>
#include <unordered_map>
#include <utility>

namespace spotter::actors::identity {

namespace {

using time_point = caf::actor_clock::time_point;

caf::telemetry::int_counter* polls(caf::actor_system& system, const char* result) {
  return system.metrics().counter_instance("spotter", "ended_login_polls", {{"result", result}},
                                           "Looks for logins that have ended, by how they went.",
                                           "1", true);
}

struct ended_login_state {
  static inline const char* name = "spotter.ended_logins";

  ended_login_state(caf::event_based_actor* self, ended_login_parts parts)
    : self_(self), parts_(std::move(parts)), done_(polls(self->system(), "done")),
      failed_(polls(self->system(), "failed")), seen_until_(self->clock().now()) {}

  caf::behavior make_behavior() {
    self_->delayed_send(self_, parts_.every, caf::tick_atom_v);
    return {
      [this](caf::tick_atom) { look(); },
    };
  }

private:
  void look() {
    const auto began = self_->clock().now();
    messages::load_ended_logins ask;
    ask.age_s =
      std::chrono::ceil<std::chrono::seconds>(began - seen_until_ + parts_.overlap).count();
    self_->request(parts_.store, parts_.store_timeout, ask)
      .then(
        [this, began](const messages::ended_logins& found) {
          if (!std::exchange(reached_, true))
            spdlog::info("which logins have ended is known again");
          seen_until_ = began;
          tell(found, began);
          done_->inc();
          again();
        },
        [this](const caf::error& why) {
          if (std::exchange(reached_, false))
            spdlog::warn("which logins have ended on other nodes can't be looked up: {}",
                         to_string(why));
          failed_->inc();
          again();
        });
  }

  void tell(const messages::ended_logins& found, time_point now) {
    for (const auto& login : found.logins)
      if (told_.insert_or_assign(login.login_id, now).second
          && !SPOTTER_BROKEN("poll_ended_logins"))
        parts_.tell(login);
    // What no look finds any more need not be remembered.
    std::erase_if(told_, [now](const auto& entry) { return entry.second != now; });
  }

  void again() { self_->delayed_send(self_, parts_.every, caf::tick_atom_v); }

  caf::event_based_actor* self_;
  ended_login_parts parts_;
  caf::telemetry::int_counter* done_;
  caf::telemetry::int_counter* failed_;
  time_point seen_until_;                             // a look that began then has seen all before
  std::unordered_map<domain::uuid, time_point> told_; // login → the last look that found it
  bool reached_ = true;
};

} // namespace

caf::actor spawn_ended_login_watch(caf::actor_system& system, ended_login_parts parts) {
  return system.spawn<caf::stateful_actor<ended_login_state>>(std::move(parts));
}

} // namespace spotter::actors::identity
