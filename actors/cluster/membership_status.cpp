#include "actors/cluster/membership.hpp"

// What a node says of itself and of the cluster.

namespace spotter::actors::cluster {

using namespace messages;

node_info membership_state::describe() const {
  if (const auto* own = own_node())
    return *own;
  node_info out;
  out.incarnation = incarnation_;
  out.node_id = at_->how.node_id;
  out.address = at_->how.address;
  out.http_address = at_->how.http_address;
  out.weight = at_->how.weight;
  out.protocol_min = at_->how.protocol_min;
  out.protocol_max = at_->how.protocol_max;
  out.release = at_->how.release;
  return out;
}

cluster_status membership_state::status() const {
  cluster_status out;
  out.view = view_;
  out.self = describe();
  if (phase_ == phase::gone)
    out.self.state = node_state::down;
  out.refused = refused_;
  if (out.refused.empty() && unreachable_)
    out.refused = "the cluster's database does not answer";
  out.lease_held = phase_ == phase::member && served_->holds();
  out.lease_left_ms = served_->left().count();
  out.leading = leading_;
  for (std::int32_t s = 0; s < shard_count; ++s)
    if (const auto& l = shards_[static_cast<std::size_t>(s)]; l.state == hold::open)
      out.owned.push_back({s, l.epoch});
  out.taking = count(hold::taking);
  out.giving = count(hold::retiring) + count(hold::retired) + count(hold::giving);
  out.taken = at_->count.taken->value();
  out.given = at_->count.given->value();
  out.fences = at_->count.fenced->value();
  out.buffered = at_->count.held_requests->value();
  out.handoffs_ms.assign(handoffs_ms_.begin(), handoffs_ms_.end());
  out.linked = linked_;
  return out;
}

// A shard on the move does not make the node unready: all nodes would be, for something that none of
// them can help.
health membership_state::health() const {
  messages::health out{"cluster", false, {}};
  if (phase_ == phase::gone)
    out.detail = "this node has left the cluster";
  else if (phase_ == phase::outside)
    out.detail = refused_.empty() ? "this node has not joined the cluster yet" : refused_;
  else if (!served_->holds())
    out.detail = "the lease of this node is over";
  else if (leaving_ || draining())
    out.detail = "this node gives its shards away";
  else if (!was_routed_)
    out.detail = "not all shards have an owner yet";
  else
    out.ready = true;
  return out;
}

} // namespace spotter::actors::cluster
