#pragma once

#include "actors/messages/cluster.hpp"

#include <caf/actor.hpp>

#include <cstdint>
#include <string>
#include <vector>

// What the parts of one node say to each other about the cluster. Nothing here crosses a wire.

namespace spotter::messages {

/// Tells a route where its shard is: with `local` on this node, else on `owner`, else nowhere.
struct route_shard {
  domain::uuid owner; // nil: nobody
  std::int64_t epoch = 0;
  caf::actor local;
};

/// Told by a remote session to its route: the node that should own the shard under `epoch` says that
/// it does not, or can't be reached.
struct route_doubted {
  std::int64_t epoch = 0;
};

/// Told to the switchboard before the first request leaves: what comes for `number` or, from
/// `owner`, for `user_id` goes to `proxy`.
struct proxy_opened {
  std::uint32_t number = 0;
  domain::uuid user_id;
  domain::uuid owner;
  caf::actor proxy;
};

struct proxy_closed {
  std::uint32_t number = 0;
  domain::uuid user_id;
};

/// Asks the membership how the cluster and this node stand: answered with `cluster_status`.
struct get_cluster {};

struct cluster_status {
  cluster_view view; // as this node knows it
  node_info self;
  std::string refused; // why it is not a member, when it is not
  bool lease_held = false;
  std::int64_t lease_left_ms = 0; // until it stops by itself
  bool leading = false;
  std::vector<shard_epoch> owned;        // and served
  std::int32_t taking = 0;               // shards on their way to this node,
  std::int32_t giving = 0;               // and away from it
  std::int64_t taken = 0;                // since the program began
  std::int64_t given = 0;                //
  std::int64_t fences = 0;               // so often it stopped because its lease was over
  std::int64_t buffered = 0;             // requests that wait for a shard's owner
  std::vector<std::int64_t> handoffs_ms; // how long the last ones took, newest last
  std::vector<domain::uuid> linked;      // nodes that frames can be sent to
};

/// Asks the membership to give all shards away and to leave. Answered when it has left, at the latest
/// after `limit_ms`: what it could not give by then is freed, without an owner for a moment.
struct leave_cluster {
  std::int64_t limit_ms = 0;
};

template <class Inspector>
bool inspect(Inspector& f, route_shard& x) {
  return f.object(x).fields(f.field("owner", x.owner), f.field("epoch", x.epoch),
                            f.field("local", x.local));
}

template <class Inspector>
bool inspect(Inspector& f, route_doubted& x) {
  return f.object(x).fields(f.field("epoch", x.epoch));
}

template <class Inspector>
bool inspect(Inspector& f, proxy_opened& x) {
  return f.object(x).fields(f.field("number", x.number), f.field("user_id", x.user_id),
                            f.field("owner", x.owner), f.field("proxy", x.proxy));
}

template <class Inspector>
bool inspect(Inspector& f, proxy_closed& x) {
  return f.object(x).fields(f.field("number", x.number), f.field("user_id", x.user_id));
}

template <class Inspector>
bool inspect(Inspector& f, get_cluster& x) {
  return f.object(x).fields();
}

template <class Inspector>
bool inspect(Inspector& f, cluster_status& x) {
  return f.object(x).fields(
    f.field("view", x.view), f.field("self", x.self), f.field("refused", x.refused),
    f.field("lease_held", x.lease_held), f.field("lease_left_ms", x.lease_left_ms),
    f.field("leading", x.leading), f.field("owned", x.owned), f.field("taking", x.taking),
    f.field("giving", x.giving), f.field("taken", x.taken), f.field("given", x.given),
    f.field("fences", x.fences), f.field("buffered", x.buffered),
    f.field("handoffs_ms", x.handoffs_ms), f.field("linked", x.linked));
}

template <class Inspector>
bool inspect(Inspector& f, leave_cluster& x) {
  return f.object(x).fields(f.field("limit_ms", x.limit_ms));
}

} // namespace spotter::messages
