#include "actors/limits/shared_state.hpp"

#include <caf/exit_reason.hpp>
#include <caf/send.hpp>
#include <caf/telemetry/metric_registry.hpp>

#include <spdlog/spdlog.h>

#include <algorithm>

namespace spotter::actors {

using namespace messages;

namespace {

constexpr std::chrono::seconds sweep_every{30};

// A store that fails again so soon has not been back: the pauses go on growing.
constexpr std::chrono::seconds settled{10};

} // namespace

shared_state::shared_state(actor::pointer self, shared_state_settings settings)
  : self_(self), settings_(std::move(settings)), local_(settings_.local),
    pause_(settings_.first_pause) {
  auto& registry = self_->home_system().metrics();
  auto* requests = registry.counter_family(
    "spotter", "shared-state-requests", {"kind", "where"},
    "Decisions about limits and looks into the cache, by who decided.", "1", true);
  constexpr std::array<const char*, 5> kinds{"take", "count", "forgive", "find", "keep"};
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    decided_here_[i] = requests->get_or_add({{"kind", kinds[i]}, {"where", "here"}});
    if (settings_.store)
      decided_there_[i] = requests->get_or_add({{"kind", kinds[i]}, {"where", "store"}});
  }
  counters_ = registry.gauge_singleton("spotter", "limit-counters",
                                       "Buckets and counters of attempts kept in this process.");
  if (settings_.store) {
    outages_ =
      registry.counter_singleton("spotter", "shared-state-outages",
                                 "How often the store of the shared state was lost.", "1", true);
    up_ = registry.gauge_singleton("spotter", "shared-state-up",
                                   "1 while the store of the shared state decides, else 0.");
    up_->value(1);
  }
  self_->delayed_send(self_, sweep_every, caf::tick_atom_v);
}

shared_state::actor::behavior_type shared_state::make_behavior() {
  self_->attach_functor([store = settings_.store](const caf::error&) {
    if (store)
      caf::anon_send_exit(store, caf::exit_reason::user_shutdown);
  });
  return {
    [this](take_tokens& what) {
      return decide<tokens_taken>(kind::take, what,
                                  [this](const auto& asked) { return local_.take(asked, now()); });
    },
    [this](count_attempts& what) {
      return decide<attempts_counted>(
        kind::count, what, [this](const auto& asked) { return local_.count(asked, now()); });
    },
    [this](const forgive_attempts& what) {
      // Some may have been counted here while the store was away.
      local_.forgive(what, now());
      if (reachable(kind::forgive))
        self_->send(settings_.store, what);
    },
    [this](get_cached& what) {
      return decide<cached_value>(kind::find, what,
                                  [this](const auto& asked) { return local_.find(asked, now()); });
    },
    [this](const keep& what) {
      if (reachable(kind::keep))
        self_->send(settings_.store, what);
      else
        local_.keep(what, now());
    },
    [this](get_health) -> health {
      // Ready either way: a node that only counts alone still serves.
      return {"shared state", true, cut_off_ ? "the store is away; this node counts alone" : ""};
    },
    [this](caf::tick_atom) {
      local_.sweep(now());
      counters_->value(static_cast<std::int64_t>(local_.counters()));
      self_->delayed_send(self_, sweep_every, caf::tick_atom_v);
    },
    [this](caf::connect_atom) { probe(); },
  };
}

template <class Reply, class Request, class Local>
caf::result<Reply> shared_state::decide(kind what, Request& request, Local local) {
  if (!reachable(what))
    return local(request);
  auto promise = self_->make_response_promise<Reply>();
  ++pending_;
  self_->request(settings_.store, settings_.time_out, request)
    .then(
      [this, promise](Reply& reply) mutable {
        --pending_;
        promise.deliver(std::move(reply));
      },
      [this, promise, local, request = std::move(request)](const caf::error& why) mutable {
        --pending_;
        cut_off(why);
        promise.deliver(local(request));
      });
  return promise;
}

bool shared_state::reachable(kind what) {
  const auto index = static_cast<std::size_t>(what);
  const bool there = settings_.store && !cut_off_ && pending_ < settings_.most_pending;
  (there ? decided_there_ : decided_here_)[index]->inc();
  return there;
}

limit_time shared_state::now() const {
  return std::chrono::duration_cast<limit_time>(self_->clock().now().time_since_epoch());
}

void shared_state::cut_off(const caf::error& why) {
  if (cut_off_)
    return;
  cut_off_ = true;
  spdlog::warn("the store of the shared state is away: this node limits and caches alone ({})",
               caf::to_string(why));
  outages_->inc();
  up_->value(0);
  if (self_->clock().now() - joined_ > settled)
    pause_ = settings_.first_pause;
  probe_later();
}

void shared_state::probe_later() {
  self_->delayed_send(self_, pause_, caf::connect_atom_v);
  pause_ = std::min(pause_ * 2, settings_.last_pause);
}

void shared_state::probe() {
  self_->request(settings_.store, settings_.time_out, get_health{})
    .then(
      [this](const health& state) {
        if (state.ready)
          rejoin();
        else
          probe_later();
      },
      [this](const caf::error&) { probe_later(); });
}

void shared_state::rejoin() {
  cut_off_ = false;
  joined_ = self_->clock().now();
  up_->value(1);
  spdlog::info("the store of the shared state is back");
}

shared_state_actor spawn_shared_state(caf::actor_system& system, shared_state_settings settings) {
  return system.spawn<shared_state::actor::stateful_impl<shared_state>>(std::move(settings));
}

} // namespace spotter::actors
