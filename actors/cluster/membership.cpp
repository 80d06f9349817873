#include "actors/cluster/membership.hpp"

#include "domain/broken.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <stdexcept>

namespace spotter::actors::cluster {

using namespace messages;
using namespace std::chrono_literals;

namespace {

constexpr std::chrono::milliseconds longest_pause{5'000};
constexpr int ticks_per_beat = 4; // the lease is looked at more often than it is renewed

} // namespace

membership_state::membership_state(membership_actor::pointer self, context_ptr at)
  : self_(self), at_(std::move(at)), served_(std::make_shared<lease>(at_->with.clock)),
    join_pause_(at_->how.join_pause), routed_(shard_count) {
  self_->set_down_handler([this](const caf::down_msg& down) { crashed(down.source); });
  self_->set_exit_handler([this](const caf::exit_msg& exit) {
    served_->end();
    close_all();
    self_->quit(exit.reason);
  });
}

membership_actor::behavior_type membership_state::make_behavior() {
  return {
    [this](get_cluster) { return status(); },
    [this](const leave_cluster& what) -> caf::result<void> {
      auto promise = self_->make_response_promise<void>();
      leavers_.push_back(promise);
      leave(what.limit_ms);
      return promise;
    },
    [this](get_health) { return health(); },
    [this](cluster_changed) {
      if (phase_ == phase::member)
        renew();
    },
    [this](const peer_up& up) { linked_.push_back(up.incarnation); },
    [this](const peer_down& down) { std::erase(linked_, down.incarnation); },
    [this](messages::retire) { fence("a part of this node crashed"); },
    [this](caf::tick_atom) { tick(); },
  };
}

// Said once each time it changes.
void membership_state::reached(const caf::error& why) {
  const bool away = static_cast<bool>(why);
  if (std::exchange(unreachable_, away) == away)
    return;
  if (away)
    spdlog::warn("the cluster's database does not answer: {}", caf::to_string(why));
  else
    spdlog::info("the cluster's database answers again");
}

void membership_state::begin() {
  begun_ = true;
  self_->send(at_->with.store, cluster_changed{});
  join();
}

void membership_state::join() {
  if (phase_ != phase::outside)
    return;
  incarnation_ = domain::make_uuid_v7();
  served_ = std::make_shared<lease>(at_->with.clock);
  const auto start = served_->now();
  ask(at_->how.store_timeout, join_cluster{describe(), at_->how.lease.count()},
      [this, start](cluster_lease* answer) {
        if (answer)
          joined(start, *answer);
        else
          join_later({});
      });
}

void membership_state::join_later(const std::string& why) {
  if (!why.empty() && why != refused_)
    spdlog::error("this node can't join the cluster: {}", why);
  refused_ = why;
  self_->run_delayed(join_pause_, [this] { join(); });
  join_pause_ = std::min(2 * join_pause_, longest_pause);
}

void membership_state::joined(std::chrono::milliseconds start, cluster_lease& answer) {
  if (phase_ != phase::outside)
    return;
  if (!answer.held) {
    join_later(answer.refused);
    return;
  }
  auto& served = *served_;
  served.renew(start, at_->how.lease, at_->how.margin);
  if (!served.holds()) {
    join_later("the answer took longer than the lease lasts");
    return;
  }
  phase_ = phase::member;
  refused_.clear();
  join_pause_ = at_->how.join_pause;
  spdlog::info("joined the cluster as {}", domain::to_string(incarnation_));
  learn(answer);
  open_links();
}

// Only a node that others can reach may own shards: it is `up` once its links stand.
void membership_state::open_links() {
  if (phase_ != phase::member || linked_up_)
    return;
  try {
    at_->links.close();
    at_->links.open(
      at_->with.open_links(incarnation_, caf::actor_cast<caf::actor>(at_->switchboard)));
  } catch (const std::runtime_error& why) {
    if (refused_ != why.what())
      spdlog::error("the links to other nodes can't be opened: {}", why.what());
    refused_ = why.what();
    return; // with the next beat again
  }
  refused_.clear();
  linked_up_ = true;
  wanted_.clear();
  tell_links();
  if (leaving_)
    return;
  change(node_state::up, [this] { renew(); });
}

void membership_state::renew() {
  if (phase_ != phase::member)
    return;
  if (renewing_) {
    renew_again_ = true;
    return;
  }
  renewing_ = true;
  const auto start = served_->now();
  ask(at_->how.lease, renew_lease{incarnation_, at_->how.lease.count(), view_.version},
      [this, start](cluster_lease* answer) {
        renewing_ = false;
        if (!answer)
          return;
        if (answer->held)
          served_->renew(start, at_->how.lease, at_->how.margin);
        learn(*answer);
        if (std::exchange(renew_again_, false))
          renew();
      });
}

void membership_state::tick() {
  self_->delayed_send(self_, at_->how.beat / ticks_per_beat, caf::tick_atom_v);
  if (!begun_)
    begin();
  at_->count.lease_left(served_->left());
  if (phase_ != phase::member)
    return;
  if (!served_->holds() && !SPOTTER_BROKEN("lease")) {
    fence("its lease could not be renewed in time");
    return;
  }
  if (++ticks_ % ticks_per_beat == 0) {
    renew();
    open_links();
  }
  reconcile();
}

void membership_state::learn(cluster_lease& answer) {
  if (phase_ != phase::member)
    return;
  if (!answer.held) {
    fence(answer.refused.empty() ? "its lease was not held any more" : answer.refused);
    return;
  }
  leading_ = answer.leading;
  at_->count.leading->value(leading_ ? 1 : 0);
  if (answer.view && answer.view->version >= view_.version
      && answer.view->shards.size() == shards_.size()) {
    view_ = std::move(*answer.view);
    at_->count.nodes(view_);
    const auto* own = own_node();
    if (!own || own->state == node_state::down) {
      fence("the cluster counts it as down");
      return;
    }
    tell_links();
  }
  reconcile();
}

void membership_state::change(node_state to, std::function<void()> then) {
  ask(at_->how.store_timeout, change_state{incarnation_, to},
      [this, to, then = std::move(then)](cluster_lease* answer) {
        if (!answer) {
          if (to != node_state::down) {
            self_->run_delayed(at_->how.beat, [this, to, then, mine = incarnation_] {
              if (mine == incarnation_ && phase_ == phase::member)
                change(to, then);
            });
            return;
          }
        } else if (to != node_state::down) {
          learn(*answer);
        }
        then();
      });
}

// Safety does not hang on it: what is still written is fenced by the database. But nothing may be
// answered from memory that another owner may have changed.
void membership_state::fence(const std::string& why) {
  if (phase_ != phase::member)
    return;
  spdlog::error("this node stops serving its shards: {}", why);
  at_->count.fenced->inc();
  served_->end();
  phase_ = phase::outside;
  incarnation_ = {};
  close_all();
  view_ = {};
  leading_ = linked_up_ = was_routed_ = told_drained_ = false;
  renewing_ = renew_again_ = taking_ = giving_ = placing_ = false;
  at_->count.leading->value(0);
  tell_routes();
  at_->links.close();
  self_->send(at_->switchboard, messages::retire{});
  if (leaving_)
    gone();
  else
    join();
}

void membership_state::leave(std::int64_t limit_ms) {
  if (phase_ != phase::member) {
    gone();
    return;
  }
  if (std::exchange(leaving_, true))
    return;
  self_->run_delayed(std::chrono::milliseconds{std::max<std::int64_t>(limit_ms, 0)}, [this] {
    if (phase_ == phase::member && !owns_none())
      spdlog::warn("leaving with {} shards that no other node has taken", count(hold::open));
    leave_now();
  });
  if (!draining())
    change(node_state::draining, [this] { renew(); });
  reconcile();
}

void membership_state::leave_now() {
  if (phase_ != phase::member)
    return;
  leaving_ = true;
  // What is not given by now is freed by the database, under new epochs.
  close_all();
  phase_ = phase::gone;
  served_->end();
  change(node_state::down, [this] { gone(); });
}

void membership_state::gone() {
  phase_ = phase::gone;
  served_->end();
  view_ = {};
  tell_routes();
  at_->links.close();
  self_->send(at_->switchboard, messages::retire{});
  for (auto& promise : std::exchange(leavers_, {}))
    promise.deliver();
}

const node_info* membership_state::own_node() const {
  const auto it = std::find_if(view_.nodes.begin(), view_.nodes.end(),
                               [this](const auto& n) { return n.incarnation == incarnation_; });
  return it == view_.nodes.end() ? nullptr : &*it;
}

bool membership_state::draining() const {
  const auto* own = own_node();
  return own && own->state == node_state::draining;
}

membership_actor spawn_membership(caf::actor_system& system, context_ptr at) {
  using impl = membership_actor::stateful_impl<membership_state>;
  return system.spawn<impl>(std::move(at));
}

} // namespace spotter::actors::cluster
