#include "actors/cluster/route.hpp"

#include "actors/cluster/refusal.hpp"
#include "actors/cluster/remote_session.hpp"
#include "actors/messages/failure_error.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace spotter::actors::cluster {

using namespace messages;

route_state::route_state(actor::pointer self, std::int32_t shard, context_ptr at)
  : self_(self), shard_(shard), at_(std::move(at)) {
  self_->set_down_handler([this](const caf::down_msg& down) {
    const auto it = std::find_if(proxies_.begin(), proxies_.end(), [&down](const auto& known) {
      return known.second.address() == down.source;
    });
    if (it == proxies_.end())
      return;
    spdlog::error("remote session of user {} crashed: {}", domain::to_string(it->first),
                  caf::to_string(down.reason));
    proxies_.erase(it);
  });
  self_->set_exit_handler([this](const caf::exit_msg& exit) {
    for (const auto& [user, proxy] : proxies_)
      self_->send_exit(proxy, exit.reason);
    self_->quit(exit.reason);
  });
}

route_state::~route_state() {
  at_->count.held_requests->dec(static_cast<std::int64_t>(held_.size()));
}

route_state::actor::behavior_type route_state::make_behavior() {
  ask_idle_to_end();
  return {
    [this](const get_session& ask) -> caf::result<session_found> {
      auto to = self_->make_response_promise<session_found>();
      if (ready())
        answer(ask.user_id, to);
      else
        hold(ask.user_id, to);
      return to;
    },
    [this](const session_closing& end) {
      const auto it = proxies_.find(end.user_id);
      if (it != proxies_.end()
          && caf::actor_cast<caf::strong_actor_ptr>(it->second) == self_->current_sender())
        proxies_.erase(it);
    },
    [this](messages::retire) {
      retire_proxies();
      return retired{};
    },
    [this](const route_shard& to) { move(to); },
    [this](const route_doubted& doubt) {
      if (doubt.epoch != place_.epoch || place_.local || doubted_until_)
        return;
      doubted_until_ = self_->clock().now() + at_->how.doubt;
      arm(*doubted_until_);
      self_->send(at_->membership, cluster_changed{});
    },
    [this](const peer_up& up) {
      reachable_.insert(up.incarnation);
      release();
    },
    [this](const peer_down& down) {
      reachable_.erase(down.incarnation);
      if (down.incarnation != place_.owner)
        return;
      for (const auto& [user, proxy] : proxies_)
        self_->send(proxy, down);
      proxies_.clear();
    },
  };
}

bool route_state::ready() const {
  if (place_.local)
    return true;
  return !place_.owner.is_nil() && !doubted_until_ && reachable_.count(place_.owner) > 0;
}

void route_state::answer(const domain::uuid& user_id, promise& to) {
  if (place_.local)
    to.delegate(place_.local, get_session{user_id});
  else
    to.deliver(session_found{caf::actor_cast<caf::actor>(proxy_of(user_id))});
}

void route_state::hold(const domain::uuid& user_id, promise to) {
  if (held_.size() >= at_->how.held_requests) {
    at_->count.held_too_long->inc();
    to.deliver(to_error(
      refusal(failure_code::overloaded, "Too many requests wait for the owner of the user.")));
    return;
  }
  held_.push_back({user_id, std::move(to), self_->clock().now() + at_->how.hold});
  at_->count.held_requests->inc();
  arm(held_.front().until);
}

void route_state::release() {
  if (!ready())
    return;
  for (auto& waiting : std::exchange(held_, {})) {
    at_->count.held_requests->dec();
    answer(waiting.user_id, waiting.answer);
  }
}

void route_state::expire() {
  const auto now = self_->clock().now();
  if (doubted_until_ && *doubted_until_ <= now) {
    doubted_until_.reset();
    release();
  }
  while (!held_.empty() && held_.front().until <= now) {
    at_->count.held_requests->dec();
    at_->count.held_too_long->inc();
    held_.front().answer.deliver(
      to_error(refusal(failure_code::moved, "Nobody owns the user at the moment.")));
    held_.pop_front();
  }
  if (doubted_until_)
    arm(*doubted_until_);
  if (!held_.empty())
    arm(held_.front().until);
}

void route_state::arm(time_point when) {
  if (armed_ && *armed_ <= when)
    return;
  armed_ = when;
  self_->run_delayed(when - self_->clock().now(), [this, when] {
    if (armed_ != when)
      return; // an earlier one was armed since
    armed_.reset();
    expire();
  });
}

void route_state::move(const route_shard& to) {
  if (to.owner == place_.owner && to.epoch == place_.epoch && to.local == place_.local)
    return;
  retire_proxies();
  place_ = to;
  doubted_until_.reset();
  release();
}

void route_state::retire_proxies() {
  for (const auto& [user, proxy] : proxies_)
    self_->send(proxy, messages::retire{});
  proxies_.clear();
}

void route_state::ask_idle_to_end() {
  for (const auto& [user, proxy] : proxies_)
    self_->send(proxy, passivate{});
  self_->run_delayed(at_->how.idle_time, [this] { ask_idle_to_end(); });
}

const proxy_actor& route_state::proxy_of(const domain::uuid& user_id) {
  auto& proxy = proxies_[user_id];
  if (!proxy) {
    remote_place where;
    where.user_id = user_id;
    where.owner = place_.owner;
    where.epoch = place_.epoch;
    where.number = ++at_->last_proxy;
    proxy =
      self_->spawn<remote_session, caf::monitored>(where, caf::actor_cast<route_actor>(self_), at_);
    self_->send(at_->switchboard, proxy_opened{where.number, user_id, where.owner,
                                               caf::actor_cast<caf::actor>(proxy)});
  }
  return proxy;
}

route_actor spawn_route(caf::actor_system& system, std::int32_t shard, context_ptr at) {
  using impl = route_state::actor::stateful_impl<route_state>;
  return system.spawn<impl>(shard, std::move(at));
}

} // namespace spotter::actors::cluster
