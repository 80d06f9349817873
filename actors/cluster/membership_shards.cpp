#include "actors/cluster/membership.hpp"
#include "actors/cluster/placement.hpp"
#include "domain/broken.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

// What of the shards is this node's, and how it gets there.

namespace spotter::actors::cluster {

using namespace messages;

namespace {

constexpr std::size_t kept_handoffs = 64;

} // namespace

// Compares what is with what shall be, and begins whatever brings them together. May be called at any
// time: what has begun already is left alone.
void membership_state::reconcile() {
  if (phase_ != phase::member || view_.shards.size() != shards_.size())
    return;
  lead();
  std::vector<std::int32_t> wanted;
  for (std::int32_t s = 0; s < shard_count; ++s)
    reconcile(s, wanted);
  const auto* own = own_node();
  if (!wanted.empty() && !taking_ && linked_up_ && own && own->state == node_state::up)
    take(std::move(wanted));
  give();
  tell_routes();
  told_drained_ = told_drained_ && draining();
  if (!draining() || !owns_none())
    return;
  if (leaving_)
    leave_now();
  else if (!std::exchange(told_drained_, true)) {
    spdlog::info("this node has given all its shards away");
    if (at_->with.drained)
      at_->with.drained();
    else
      leave_now();
  }
}

void membership_state::reconcile(std::int32_t shard, std::vector<std::int32_t>& wanted) {
  const auto& place = view_.shards[static_cast<std::size_t>(shard)];
  auto& l = local(shard);
  const bool ours = place.owner == incarnation_;
  const bool meant_for_us = place.target == incarnation_ && !(leaving_ && is_last());
  switch (l.state) {
    case hold::none:
      if (ours && meant_for_us)
        open(shard, place.epoch); // it was taken, but the answer was lost
      else if (ours)
        l.state = hold::retired;
      else if (place.owner.is_nil() && meant_for_us)
        wanted.push_back(shard);
      else if (SPOTTER_BROKEN("load_before_epoch") && meant_for_us && !l.actor)
        // One by who gives it, one by us.
        l.actor = at_->with.open_shard(shard, place.epoch + 2, served_);
      break;
    case hold::open:
      if (!ours || place.epoch != l.epoch) {
        spdlog::warn("shard {} was taken from this node", shard);
        at_->count.lost->inc();
        close(shard);
      } else if (!meant_for_us) {
        retire(shard);
      }
      break;
    case hold::retiring:
    case hold::retired:
      if (!ours)
        close(shard);
      break;
    case hold::taking:
    case hold::giving:
      break;
  }
}

void membership_state::lead() {
  if (!leading_ || placing_)
    return;
  const auto targets = place(view_.nodes, view_.shards, at_->how.moving);
  place_shards what{incarnation_, view_.term, {}, {}};
  for (std::size_t s = 0; s < targets.size(); ++s)
    if (targets[s] != view_.shards[s].target) {
      what.shards.push_back(static_cast<std::int32_t>(s));
      what.targets.push_back(targets[s]);
    }
  if (what.shards.empty())
    return;
  spdlog::info("placing {} shards anew", what.shards.size());
  placing_ = true;
  ask(at_->how.store_timeout, std::move(what), [this](cluster_lease* answer) {
    placing_ = false;
    if (!answer)
      return;
    if (answer->view) {
      learn(*answer);
    } else {
      leading_ = answer->leading;
      renew();
    }
  });
}

void membership_state::take(std::vector<std::int32_t> shards) {
  taking_ = true;
  for (const auto s : shards)
    local(s).state = hold::taking;
  ask(at_->how.store_timeout, take_shards{incarnation_, shards},
      [this, shards](const shards_held* answer) {
        taking_ = false;
        for (const auto s : shards)
          if (local(s).state == hold::taking)
            local(s).state = hold::none;
        if (answer)
          for (const auto& held : answer->shards)
            if (held.shard >= 0 && held.shard < shard_count)
              open(held.shard, held.epoch);
        tell_routes();
        renew(); // what was not taken has another fate by now
      });
}

void membership_state::open(std::int32_t shard, std::int64_t epoch) {
  auto& l = local(shard);
  if (l.state != hold::none)
    return;
  auto actor = SPOTTER_BROKEN("load_before_epoch") && l.actor
                 ? l.actor
                 : at_->with.open_shard(shard, epoch, served_);
  l = {hold::open, epoch, std::move(actor), {}};
  self_->monitor(l.actor);
  at_->local.open(shard, epoch, l.actor);
  at_->count.taken->inc();
  at_->count.owned->value(count(hold::open));
  auto& place = view_.shards[static_cast<std::size_t>(shard)];
  place.owner = incarnation_;
  place.epoch = epoch;
}

void membership_state::retire(std::int32_t shard) {
  auto& l = local(shard);
  l.state = hold::retiring;
  l.since = self_->clock().now();
  at_->local.close(shard);
  const auto done = [this, shard, actor = l.actor] {
    if (auto& now = local(shard); now.state == hold::retiring && now.actor == actor)
      retired(shard);
  };
  // The shard has a limit of its own; one that does not even answer is not waited for.
  self_->request(l.actor, at_->how.store_timeout, messages::retire{})
    .then([done](const messages::retired&) { done(); }, [done](const caf::error&) { done(); });
}

void membership_state::retired(std::int32_t shard) {
  auto& l = local(shard);
  self_->demonitor(l.actor.address());
  self_->send_exit(l.actor, caf::exit_reason::user_shutdown);
  l.actor = nullptr;
  l.state = hold::retired;
  give();
}

void membership_state::give() {
  if (giving_ || phase_ != phase::member)
    return;
  std::vector<std::int32_t> shards;
  for (std::int32_t s = 0; s < shard_count; ++s)
    if (local(s).state == hold::retired)
      shards.push_back(s);
  if (shards.empty())
    return;
  giving_ = true;
  for (const auto s : shards)
    local(s).state = hold::giving;
  ask(at_->how.store_timeout, give_shards{incarnation_, shards},
      [this, shards](const shards_held* answer) {
        giving_ = false;
        if (answer) {
          given(shards, *answer);
        } else {
          for (const auto s : shards) // with the next tick again, if they are still ours
            local(s).state = hold::retired;
        }
        renew();
      });
}

void membership_state::given(const std::vector<std::int32_t>& asked, const shards_held& held) {
  const auto now = self_->clock().now();
  for (const auto& h : held.shards) {
    if (h.shard < 0 || h.shard >= shard_count)
      continue;
    auto& place = view_.shards[static_cast<std::size_t>(h.shard)];
    place.owner = {};
    place.epoch = h.epoch;
    at_->count.given->inc();
    if (const auto since = local(h.shard).since; since != time_point{}) {
      const auto took = now - since;
      at_->count.handoff(took);
      handoffs_ms_.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(took).count());
      if (handoffs_ms_.size() > kept_handoffs)
        handoffs_ms_.pop_front();
    }
  }
  for (const auto s : asked)
    local(s) = {};
  at_->count.owned->value(count(hold::open));
}

/// Ends a shard at once. Its sessions say so to whoever waits.
void membership_state::close(std::int32_t shard) {
  auto& l = local(shard);
  at_->local.close(shard);
  if (l.actor) {
    self_->demonitor(l.actor.address());
    self_->send_exit(l.actor, caf::exit_reason::user_shutdown);
  }
  l = {};
  at_->count.owned->value(count(hold::open));
}

void membership_state::close_all() {
  for (std::int32_t s = 0; s < shard_count; ++s)
    if (local(s).state != hold::none)
      close(s);
}

// Its sessions may live on under its epoch, so that one must end before anybody serves the shard.
void membership_state::crashed(const caf::actor_addr& actor) {
  for (std::int32_t s = 0; s < shard_count; ++s) {
    auto& l = local(s);
    if (!l.actor || l.actor.address() != actor)
      continue;
    spdlog::critical("shard {} crashed", s);
    at_->local.close(s);
    l.actor = nullptr;
    l.state = hold::retired;
    l.since = self_->clock().now();
    give();
    tell_routes();
    return;
  }
}

void membership_state::tell_routes() {
  std::int32_t unrouted = 0;
  for (std::size_t s = 0; s < shards_.size() && s < at_->routes.size(); ++s) {
    route_shard to;
    if (shards_[s].state == hold::open) {
      to.owner = incarnation_;
      to.epoch = shards_[s].epoch;
      to.local = caf::actor_cast<caf::actor>(shards_[s].actor);
    } else if (SPOTTER_BROKEN("load_before_epoch") && shards_[s].state == hold::none
               && shards_[s].actor) {
      to = {incarnation_, view_.shards[s].epoch + 2, caf::actor_cast<caf::actor>(shards_[s].actor)};
    } else if (s < view_.shards.size() && !view_.shards[s].owner.is_nil()
               && view_.shards[s].owner != incarnation_) {
      to.owner = view_.shards[s].owner;
      to.epoch = view_.shards[s].epoch;
    } else {
      ++unrouted;
    }
    auto& told = routed_[s];
    if (told.owner == to.owner && told.epoch == to.epoch && told.local == to.local)
      continue;
    told = to;
    self_->send(at_->routes[s], std::move(to));
  }
  at_->count.unrouted->value(unrouted);
  was_routed_ = was_routed_ || unrouted == 0;
}

void membership_state::tell_links() {
  std::vector<peer_address> peers;
  for (const auto& n : view_.nodes)
    if (n.incarnation != incarnation_ && n.state != node_state::down && !n.address.empty())
      peers.push_back({n.incarnation, n.node_id, n.address});
  const auto same = [](const peer_address& a, const peer_address& b) {
    return a.incarnation == b.incarnation && a.address == b.address && a.node_id == b.node_id;
  };
  if (!linked_up_ || std::equal(peers.begin(), peers.end(), wanted_.begin(), wanted_.end(), same))
    return;
  wanted_ = peers;
  at_->links.want(std::move(peers));
}

membership_state::local_shard& membership_state::local(std::int32_t shard) {
  return shards_[static_cast<std::size_t>(shard)];
}

std::int32_t membership_state::count(hold state) const {
  return static_cast<std::int32_t>(std::count_if(
    shards_.begin(), shards_.end(), [state](const local_shard& l) { return l.state == state; }));
}

/// Nobody is there who could place or take what this node has.
bool membership_state::is_last() const {
  return std::none_of(view_.nodes.begin(), view_.nodes.end(), [this](const node_info& n) {
    return n.incarnation != incarnation_ && n.state == node_state::up;
  });
}

bool membership_state::owns_none() const {
  return count(hold::none) == shard_count
         && std::none_of(view_.shards.begin(), view_.shards.end(),
                         [this](const shard_place& p) { return p.owner == incarnation_; });
}

} // namespace spotter::actors::cluster
