#pragma once

#include "actors/messages/cluster.hpp"

#include <cstddef>
#include <vector>

namespace spotter::actors::cluster {

/// Decides which node is to own each shard: a target for each of `shards`, in their order; nil where
/// there is no node that may own any.
///
/// Nodes that are `up` get shards by their weights: each its exact share, rounded down or up. Which
/// are rounded up, and which shards leave a node that has too many, is chosen so that as few as
/// possible move, away from where they are or are already going. Nodes that joined earlier come
/// first where there is a choice. Shards that nobody serves are placed at once. Others begin to move
/// while at most `moving` are on their way or without an owner; the rest keeps its target: ask again
/// later.
///
/// Pure, and its own result is left as it is once nothing is on the move.
[[nodiscard]] std::vector<domain::uuid> place(const std::vector<messages::node_info>& nodes,
                                              const std::vector<messages::shard_place>& shards,
                                              std::size_t moving);

} // namespace spotter::actors::cluster
