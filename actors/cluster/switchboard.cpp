#include "actors/cluster/switchboard.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

namespace spotter::actors::cluster {

using namespace messages;

switchboard_state::switchboard_state(switchboard_actor::pointer self, context_ptr at)
  : self_(self), at_(std::move(at)) {
  self_->set_down_handler([this](const caf::down_msg& down) {
    const auto it = std::find_if(peers_.begin(), peers_.end(), [&down](const auto& known) {
      return known.second.relay.address() == down.source;
    });
    if (it == peers_.end())
      return;
    // Whom it served for is lost: only new links bring all followers back to where they stand.
    spdlog::critical("the relay of node {} crashed: {}", domain::to_string(it->first),
                     caf::to_string(down.reason));
    self_->send(at_->membership, messages::retire{});
  });
  self_->set_exit_handler([this](const caf::exit_msg& exit) {
    for (const auto& [incarnation, peer] : peers_)
      self_->send_exit(peer.relay, exit.reason);
    self_->quit(exit.reason);
  });
}

switchboard_actor::behavior_type switchboard_state::make_behavior() {
  return {
    [this](peer_received& what) { receive(what); },
    [this](const peer_up& up) { add(up); },
    [this](const peer_down& down) { remove(down); },
    [this](const proxy_opened& opened) {
      proxies_[opened.number] = {opened.user_id, opened.owner,
                                 caf::actor_cast<proxy_actor>(opened.proxy)};
      followers_[opened.user_id] = opened.number;
    },
    [this](const proxy_closed& closed) {
      proxies_.erase(closed.number);
      const auto it = followers_.find(closed.user_id);
      if (it != followers_.end() && it->second == closed.number)
        followers_.erase(it);
    },
    [this](const login_revoked& what) { revoke(what); },
    [this](messages::retire) {
      while (!peers_.empty())
        remove({peers_.begin()->first, "the links of this node ended"});
    },
  };
}

void switchboard_state::receive(peer_received& what) {
  if (std::holds_alternative<peer_request>(what.frame)
      || std::holds_alternative<unfollow>(what.frame)) {
    if (const auto it = peers_.find(what.from); it != peers_.end())
      self_->send(it->second.relay, std::move(what));
  } else if (const auto* reply = std::get_if<peer_reply>(&what.frame)) {
    pass_to_proxy(static_cast<std::uint32_t>(reply->id >> 32), what);
  } else if (const auto* published = std::get_if<events_published>(&what.frame)) {
    const auto user_id = published->user_id;
    pass_to_follower(user_id, what, true);
  } else if (const auto* ended = std::get_if<session_ended>(&what.frame)) {
    const auto user_id = ended->user_id;
    pass_to_follower(user_id, what, false);
  } else if (const auto* revoked = std::get_if<login_revoked>(&what.frame)) {
    at_->with.login_revoked(*revoked);
  }
}

void switchboard_state::pass_to_proxy(std::uint32_t number, peer_received& what) {
  if (const auto it = proxies_.find(number); it != proxies_.end())
    self_->send(it->second.actor, std::move(what));
}

void switchboard_state::pass_to_follower(const domain::uuid& user_id, peer_received& what,
                                         bool events) {
  const auto it = followers_.find(user_id);
  if (it != followers_.end()) {
    if (const auto& follower = proxies_[it->second]; follower.owner == what.from) {
      self_->send(follower.actor, std::move(what));
      return;
    }
  }
  // Nobody follows. The owner confirms the end with `session_ended`, so that a remote session which
  // begins to follow at this moment learns that it has been cut off.
  if (events)
    at_->links.send(what.from, unfollow{user_id});
}

void switchboard_state::add(const peer_up& up) {
  if (peers_.count(up.incarnation) > 0)
    remove({up.incarnation, "the link was made anew"});
  auto& peer = peers_[up.incarnation];
  peer.relay = self_->spawn<relay, caf::monitored>(up.incarnation, at_);
  forget_old();
  for (const auto& [when, what] : revoked_)
    peer.unsent.push_back(what);
  if (!send_unsent(up.incarnation, peer))
    send_again();
  spdlog::info("linked to node {}", domain::to_string(up.incarnation));
  tell_node(up);
}

void switchboard_state::remove(const peer_down& down) {
  const auto it = peers_.find(down.incarnation);
  if (it == peers_.end())
    return;
  self_->demonitor(it->second.relay.address());
  self_->send_exit(it->second.relay, caf::exit_reason::user_shutdown);
  peers_.erase(it);
  at_->count.links_lost->inc();
  spdlog::warn("the link to node {} is down: {}", domain::to_string(down.incarnation), down.why);
  tell_node(down);
}

template <class Message>
void switchboard_state::tell_node(const Message& what) {
  // The routes pass it on to their remote sessions, behind whatever came over the link before.
  for (const auto& route : at_->routes)
    self_->send(route, what);
  self_->send(at_->membership, what);
}

void switchboard_state::revoke(const login_revoked& what) {
  forget_old();
  revoked_.emplace_back(self_->clock().now(), what);
  if (revoked_.size() > at_->how.revocations)
    revoked_.pop_front();
  bool all_sent = true;
  for (auto& [incarnation, peer] : peers_) {
    if (peer.unsent.size() >= at_->how.revocations)
      peer.unsent.pop_front();
    peer.unsent.push_back(what);
    all_sent = send_unsent(incarnation, peer) && all_sent;
  }
  if (!all_sent)
    send_again();
}

// Access tokens live no longer, so nobody needs to hear of older ones.
void switchboard_state::forget_old() {
  const auto now = self_->clock().now();
  while (!revoked_.empty() && now - revoked_.front().first > at_->how.revocation_time)
    revoked_.pop_front();
}

bool switchboard_state::send_unsent(const domain::uuid& incarnation, peer& to) {
  while (!to.unsent.empty()) {
    if (at_->links.send(incarnation, to.unsent.front()) == frame_sent::full)
      return false;
    to.unsent.pop_front(); // a peer that is away gets them when it is back
  }
  return true;
}

void switchboard_state::send_again() {
  if (sending_again_)
    return;
  sending_again_ = true;
  self_->run_delayed(at_->how.resend, [this] {
    sending_again_ = false;
    bool all_sent = true;
    for (auto& [incarnation, peer] : peers_)
      all_sent = send_unsent(incarnation, peer) && all_sent;
    if (!all_sent)
      send_again();
  });
}

switchboard_actor spawn_switchboard(caf::actor_system& system, context_ptr at) {
  using impl = switchboard_actor::stateful_impl<switchboard_state>;
  return system.spawn<impl>(std::move(at));
}

} // namespace spotter::actors::cluster
