#pragma once

#include "actors/messages/inspect_domain.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What a node and the coordinator (PostgreSQL) say to each other: who is there, who owns which
// shard. All times are by the database's clock.

namespace spotter::messages {

/// Users hash to this many shards, by the last byte of their id.
inline constexpr std::int32_t shard_count = 256;

/// The shard of a user.
[[nodiscard]] inline std::int32_t shard_of(const domain::uuid& user_id) noexcept {
  return user_id.bytes[15];
}

/// Where a node is in its life. The numbers are stored: append only.
enum class node_state : std::uint8_t {
  joining = 1, // known, owns nothing yet
  up,          // may be given shards
  draining,    // gives its shards away, then leaves
  down,        // left, or its lease ran out; this incarnation never comes back
};

/// "joining" and so on.
[[nodiscard]] std::string_view to_string(node_state state) noexcept;

/// One run of a node. A restarted node is another incarnation under the same `node_id`.
struct node_info {
  domain::uuid incarnation;
  std::string node_id;      // the operator's name for it
  std::string address;      // host:port where other nodes reach it
  std::string http_address; // where clients reach it; may be empty
  node_state state = node_state::joining;
  std::int32_t weight = 1; // its part of the shards, relative to the others'
  std::int32_t protocol_min = 0;
  std::int32_t protocol_max = 0;
  std::string release;            // of the program
  std::int64_t lease_left_ms = 0; // when the view was read
  domain::instant joined_at;
};

/// Who owns a shard, and who is to own it. A nil owner means that nobody may write.
struct shard_place {
  domain::uuid owner;
  std::int64_t epoch = 0;
  domain::uuid target;
};

/// All that the coordinator knows, at one moment. `version` grows with every change but renewals.
struct cluster_view {
  std::int64_t version = 0;
  domain::uuid leader; // nil: nobody
  std::int64_t term = 0;
  std::vector<node_info> nodes;    // those that are not down, and those that went down lately
  std::vector<shard_place> shards; // `shard_count` of them
};

/// Enters the cluster as `joining`, or is refused with a reason (another protocol, an address that
/// is in use). A former incarnation of the same `node_id` is down from then on. Answered with
/// `cluster_lease`.
struct join_cluster {
  node_info who;
  std::int64_t lease_ms = 0;
};

/// Prolongs the lease, marks nodes down whose lease ran out (freeing their shards under new epochs),
/// and stands for leader if there is none. Answered with `cluster_lease`.
struct renew_lease {
  domain::uuid incarnation;
  std::int64_t lease_ms = 0;
  std::int64_t known_version = 0; // the view comes along if there is a newer one
};

/// How the node stands. `held` is false when its lease ran out and somebody noticed, or it was
/// refused: it must stop serving, and may come back as another incarnation.
struct cluster_lease {
  bool held = false;
  std::string refused; // why, in words, when it was not held
  bool leading = false;
  std::optional<cluster_view> view;
};

/// Changes the own state: `up` once it can serve, `draining` before it leaves, `down` when it has
/// left. Answered with `cluster_lease`.
struct change_state {
  domain::uuid incarnation;
  node_state state = node_state::up;
};

/// A shard under an epoch.
struct shard_epoch {
  std::int32_t shard = 0;
  std::int64_t epoch = 0;
};

/// Takes free shards whose target is this node. The epoch of each is raised and committed before
/// the answer: nothing may be loaded before. Answered with `shards_held`: those that were taken.
struct take_shards {
  domain::uuid incarnation;
  std::vector<std::int32_t> shards;
};

/// Gives shards up, sealed and flushed: their epochs are raised, so that nothing of this node is
/// committed any more. Answered with `shards_held`: those that were given.
struct give_shards {
  domain::uuid incarnation;
  std::vector<std::int32_t> shards;
};

struct shards_held {
  std::vector<shard_epoch> shards;
};

/// What the leader wants: a target for each shard it names. Without effect when it leads no more.
/// Answered with `cluster_lease`.
struct place_shards {
  domain::uuid leader;
  std::int64_t term = 0;
  std::vector<std::int32_t> shards;
  std::vector<domain::uuid> targets; // one for each
};

/// Told by the store when another node has changed something: renew at once to learn what.
struct cluster_changed {};

template <class Inspector>
bool inspect(Inspector& f, node_state& x) {
  return inspect_enum<node_state::down>(f, x);
}

template <class Inspector>
bool inspect(Inspector& f, node_info& x) {
  return f.object(x).fields(
    f.field("incarnation", x.incarnation), f.field("node_id", x.node_id),
    f.field("address", x.address), f.field("http_address", x.http_address),
    f.field("state", x.state), f.field("weight", x.weight), f.field("protocol_min", x.protocol_min),
    f.field("protocol_max", x.protocol_max), f.field("release", x.release),
    f.field("lease_left_ms", x.lease_left_ms), f.field("joined_at", x.joined_at));
}

template <class Inspector>
bool inspect(Inspector& f, shard_place& x) {
  return f.object(x).fields(f.field("owner", x.owner), f.field("epoch", x.epoch),
                            f.field("target", x.target));
}

template <class Inspector>
bool inspect(Inspector& f, cluster_view& x) {
  return f.object(x).fields(f.field("version", x.version), f.field("leader", x.leader),
                            f.field("term", x.term), f.field("nodes", x.nodes),
                            f.field("shards", x.shards));
}

template <class Inspector>
bool inspect(Inspector& f, join_cluster& x) {
  return f.object(x).fields(f.field("who", x.who), f.field("lease_ms", x.lease_ms));
}

template <class Inspector>
bool inspect(Inspector& f, renew_lease& x) {
  return f.object(x).fields(f.field("incarnation", x.incarnation), f.field("lease_ms", x.lease_ms),
                            f.field("known_version", x.known_version));
}

template <class Inspector>
bool inspect(Inspector& f, cluster_lease& x) {
  return f.object(x).fields(f.field("held", x.held), f.field("refused", x.refused),
                            f.field("leading", x.leading), f.field("view", x.view));
}

template <class Inspector>
bool inspect(Inspector& f, change_state& x) {
  return f.object(x).fields(f.field("incarnation", x.incarnation), f.field("state", x.state));
}

template <class Inspector>
bool inspect(Inspector& f, shard_epoch& x) {
  return f.object(x).fields(f.field("shard", x.shard), f.field("epoch", x.epoch));
}

template <class Inspector>
bool inspect(Inspector& f, take_shards& x) {
  return f.object(x).fields(f.field("incarnation", x.incarnation), f.field("shards", x.shards));
}

template <class Inspector>
bool inspect(Inspector& f, give_shards& x) {
  return f.object(x).fields(f.field("incarnation", x.incarnation), f.field("shards", x.shards));
}

template <class Inspector>
bool inspect(Inspector& f, shards_held& x) {
  return f.object(x).fields(f.field("shards", x.shards));
}

template <class Inspector>
bool inspect(Inspector& f, place_shards& x) {
  return f.object(x).fields(f.field("leader", x.leader), f.field("term", x.term),
                            f.field("shards", x.shards), f.field("targets", x.targets));
}

template <class Inspector>
bool inspect(Inspector& f, cluster_changed& x) {
  return f.object(x).fields();
}

} // namespace spotter::messages
