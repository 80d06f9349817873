#include "actors/cluster/placement.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <tuple>

namespace spotter::actors::cluster {

using namespace messages;

namespace {

constexpr std::size_t nobody = std::numeric_limits<std::size_t>::max();

/// A node that may own shards.
struct candidate {
  const node_info* node = nullptr;
  std::size_t have = 0;      // shards that are, or are going, there
  std::size_t share = 0;     // what it shall have
  std::int64_t fraction = 0; // of its exact share, in parts of the sum of weights
};

std::vector<candidate> candidates(const std::vector<node_info>& nodes) {
  std::vector<candidate> out;
  for (const auto& n : nodes)
    if (n.state == node_state::up && n.weight > 0)
      out.push_back({&n, 0, 0, 0});
  std::sort(out.begin(), out.end(), [](const candidate& a, const candidate& b) {
    return std::tie(a.node->joined_at, a.node->incarnation)
           < std::tie(b.node->joined_at, b.node->incarnation);
  });
  return out;
}

std::size_t find(const std::vector<candidate>& all, const domain::uuid& id) {
  const auto it = std::find_if(all.begin(), all.end(),
                               [&id](const candidate& c) { return c.node->incarnation == id; });
  return it == all.end() ? nobody : static_cast<std::size_t>(it - all.begin());
}

// Rounding up goes first to those that have more than the rounded-down share: each of them keeps one
// shard that would have to move otherwise.
void share_out(std::vector<candidate>& all, std::size_t shards) {
  std::int64_t weights = 0;
  for (const auto& c : all)
    weights += c.node->weight;
  auto left = shards;
  for (auto& c : all) {
    const auto exact = static_cast<std::int64_t>(shards) * c.node->weight;
    c.share = static_cast<std::size_t>(exact / weights);
    c.fraction = exact % weights;
    left -= c.share;
  }
  std::vector<candidate*> order;
  for (auto& c : all)
    if (c.fraction > 0)
      order.push_back(&c);
  std::stable_sort(order.begin(), order.end(), [](const candidate* a, const candidate* b) {
    const auto rank = [](const candidate* c) {
      return std::make_pair(c->have > c->share ? 0 : 1, -c->fraction);
    };
    return rank(a) < rank(b);
  });
  for (std::size_t i = 0; i < left; ++i)
    ++order[i]->share;
}

std::vector<domain::uuid> wanted(const std::vector<node_info>& nodes,
                                 const std::vector<shard_place>& shards) {
  std::vector<domain::uuid> out(shards.size());
  auto all = candidates(nodes);
  if (all.empty())
    return out;
  std::vector<std::size_t> at(shards.size(), nobody);
  for (std::size_t s = 0; s < shards.size(); ++s) {
    at[s] = find(all, shards[s].target);
    if (at[s] == nobody)
      at[s] = find(all, shards[s].owner);
    if (at[s] != nobody)
      ++all[at[s]].have;
  }
  share_out(all, shards.size());

  // What is still on its way leaves first, for it is not there yet.
  for (const bool arrived : {false, true})
    for (auto s = shards.size(); s-- > 0;) {
      if (at[s] == nobody)
        continue;
      auto& c = all[at[s]];
      if (c.have > c.share && (shards[s].owner == c.node->incarnation) == arrived) {
        --c.have;
        at[s] = nobody;
      }
    }
  // Best where it still is.
  for (std::size_t s = 0; s < shards.size(); ++s)
    if (at[s] == nobody) {
      const auto owner = find(all, shards[s].owner);
      if (owner != nobody && all[owner].have < all[owner].share) {
        at[s] = owner;
        ++all[owner].have;
      }
    }
  for (std::size_t s = 0; s < shards.size(); ++s) {
    if (at[s] == nobody) {
      const auto most = std::max_element(all.begin(), all.end(), [](const auto& a, const auto& b) {
        return a.share - a.have < b.share - b.have; // have <= share by now
      });
      at[s] = static_cast<std::size_t>(most - all.begin());
      ++most->have;
    }
    out[s] = all[at[s]].node->incarnation;
  }
  return out;
}

} // namespace

std::vector<domain::uuid> place(const std::vector<node_info>& nodes,
                                const std::vector<shard_place>& shards, std::size_t moving) {
  auto out = wanted(nodes, shards);
  const auto served = [&](const shard_place& s) {
    return std::any_of(nodes.begin(), nodes.end(), [&s](const node_info& n) {
      return n.incarnation == s.owner && n.state != node_state::down;
    });
  };
  // First what goes on moving, or is called back: only then is it known how many more may begin.
  std::size_t on_their_way = 0;
  std::vector<std::size_t> new_moves;
  for (std::size_t s = 0; s < shards.size(); ++s) {
    if (out[s] == shards[s].owner)
      continue;
    if (shards[s].target != shards[s].owner || !served(shards[s]))
      ++on_their_way;
    else
      new_moves.push_back(s);
  }
  for (const auto s : new_moves) {
    if (on_their_way < moving)
      ++on_their_way;
    else
      out[s] = shards[s].target;
  }
  return out;
}

} // namespace spotter::actors::cluster
