#include "actors/cluster/placement.hpp"

#define CAF_SUITE placement
#include "caf/test/dsl.hpp"

#include <algorithm>
#include <map>
#include <random>

using namespace spotter;
using namespace spotter::messages;
using actors::cluster::place;

namespace {

constexpr std::size_t no_limit = 1'000;

node_info some_node(int number, std::int32_t weight = 1, node_state state = node_state::up) {
  node_info n;
  n.incarnation.bytes[0] = static_cast<std::uint8_t>(number);
  n.weight = weight;
  n.state = state;
  n.joined_at = domain::from_millis(number);
  return n;
}

std::vector<shard_place> free_shards() {
  return std::vector<shard_place>(shard_count);
}

/// As if all moves had been made.
void settle(std::vector<shard_place>& shards, const std::vector<domain::uuid>& targets) {
  for (std::size_t s = 0; s < shards.size(); ++s)
    shards[s] = {targets[s], shards[s].epoch + 1, targets[s]};
}

std::map<domain::uuid, std::size_t> counts(const std::vector<domain::uuid>& targets) {
  std::map<domain::uuid, std::size_t> out;
  for (const auto& t : targets)
    ++out[t];
  return out;
}

/// The least that must leave its place: what is above the share of each, where as many as possible of
/// the rounded-up shares go to those that have more; and all that is where it may not stay.
std::size_t least_moves(const std::vector<node_info>& nodes,
                        const std::vector<shard_place>& shards) {
  std::int64_t weights = 0;
  for (const auto& n : nodes)
    if (n.state == node_state::up)
      weights += n.weight;
  std::size_t excess = 0;
  std::size_t kept_by_rounding = 0;
  std::size_t rounded_up = shards.size();
  std::size_t at_home = 0;
  for (const auto& n : nodes) {
    if (n.state != node_state::up || n.weight == 0)
      continue;
    const auto exact = static_cast<std::int64_t>(shards.size()) * n.weight;
    const auto floor = static_cast<std::size_t>(exact / weights);
    const auto have = static_cast<std::size_t>(std::count_if(
      shards.begin(), shards.end(), [&n](const auto& s) { return s.owner == n.incarnation; }));
    at_home += have;
    rounded_up -= floor;
    if (have > floor) {
      excess += have - floor;
      kept_by_rounding += exact % weights > 0 ? 1 : 0;
    }
  }
  return excess - std::min(kept_by_rounding, rounded_up) + (shards.size() - at_home);
}

std::size_t moves(const std::vector<shard_place>& shards, const std::vector<domain::uuid>& to) {
  std::size_t out = 0;
  for (std::size_t s = 0; s < shards.size(); ++s)
    out += shards[s].owner != to[s] ? 1 : 0;
  return out;
}

void check_shares(const std::vector<node_info>& nodes, const std::vector<domain::uuid>& targets) {
  std::int64_t weights = 0;
  for (const auto& n : nodes)
    weights += n.state == node_state::up ? n.weight : 0;
  auto have = counts(targets);
  for (const auto& n : nodes) {
    const auto got = static_cast<std::int64_t>(have[n.incarnation]);
    if (n.state != node_state::up) {
      CAF_CHECK_EQUAL(got, 0);
      continue;
    }
    const auto exact = static_cast<double>(shard_count) * n.weight / static_cast<double>(weights);
    CAF_CHECK(static_cast<double>(got) > exact - 1 && static_cast<double>(got) < exact + 1);
  }
}

} // namespace

CAF_TEST(a node alone gets all shards at once) {
  const auto targets = place({some_node(1)}, free_shards(), 1);
  CAF_CHECK_EQUAL(counts(targets)[some_node(1).incarnation], 256u);
}

CAF_TEST(without a node that may own them shards are meant for nobody) {
  const auto targets = place({some_node(1, 1, node_state::joining)}, free_shards(), no_limit);
  CAF_CHECK_EQUAL(counts(targets)[domain::uuid{}], 256u);
}

CAF_TEST(joining and draining and down nodes and those of no weight get nothing) {
  const std::vector<node_info> nodes{some_node(1), some_node(2, 1, node_state::joining),
                                     some_node(3, 5, node_state::draining),
                                     some_node(4, 1, node_state::down), some_node(5, 0)};
  CAF_CHECK_EQUAL(counts(place(nodes, free_shards(), no_limit))[nodes[0].incarnation], 256u);
}

CAF_TEST(a new node gets its share and nothing else moves) {
  auto shards = free_shards();
  settle(shards, place({some_node(1), some_node(2)}, shards, no_limit));
  const std::vector<node_info> three{some_node(1), some_node(2), some_node(3)};
  const auto targets = place(three, shards, no_limit);
  CAF_CHECK_EQUAL(moves(shards, targets), counts(targets)[three[2].incarnation]);
  check_shares(three, targets);
}

CAF_TEST(no more shards than the limit are on their way) {
  auto shards = free_shards();
  settle(shards, place({some_node(1)}, shards, no_limit));
  const std::vector<node_info> two{some_node(1), some_node(2)};
  std::size_t rounds = 0;
  for (; rounds < 10; ++rounds) {
    const auto targets = place(two, shards, 40);
    const auto moving = moves(shards, targets);
    CAF_CHECK(moving <= 40);
    for (std::size_t s = 0; s < shards.size(); ++s)
      shards[s].target = targets[s];
    CAF_CHECK(place(two, shards, 40) == targets); // none more while they are under way
    if (moving == 0)
      break;
    settle(shards, targets);
  }
  CAF_CHECK_EQUAL(rounds, 4u);
  check_shares(two, place(two, shards, 40));
}

CAF_TEST(shards that nobody serves are placed beyond the limit) {
  auto shards = free_shards();
  settle(shards, place({some_node(1), some_node(2)}, shards, no_limit));
  for (auto& s : shards)
    if (s.owner == some_node(2).incarnation)
      s.owner = {};
  const std::vector<node_info> left{some_node(1), some_node(2, 1, node_state::down)};
  CAF_CHECK_EQUAL(counts(place(left, shards, 1))[left[0].incarnation], 256u);
}

CAF_TEST(a move to a node that went down is called back) {
  auto shards = free_shards();
  settle(shards, place({some_node(1)}, shards, no_limit));
  const auto targets = place({some_node(1), some_node(2)}, shards, no_limit);
  for (std::size_t s = 0; s < shards.size(); ++s)
    shards[s].target = targets[s];
  const auto back = place({some_node(1), some_node(2, 1, node_state::down)}, shards, 0);
  CAF_CHECK_EQUAL(moves(shards, back), 0u);
}

CAF_TEST(random clusters get weighted shares by the fewest moves and then stay as they are) {
  std::minstd_rand luck{4711};
  const auto below = [&luck](int n) { return static_cast<int>(luck() % static_cast<unsigned>(n)); };
  for (int round = 0; round < 300; ++round) {
    auto shards = free_shards();
    std::vector<node_info> nodes;
    int next = 1;
    for (int step = 0; step < 6; ++step) {
      const auto joining = 1 + below(3);
      for (int i = 0; i < joining && nodes.size() < 12; ++i)
        nodes.push_back(some_node(next++, 1 + below(5)));
      for (auto& n : nodes)
        if (below(8) == 0)
          n.state = static_cast<node_state>(1 + below(4));
      if (std::none_of(nodes.begin(), nodes.end(),
                       [](const auto& n) { return n.state == node_state::up; }))
        nodes.push_back(some_node(next++));
      for (auto& s : shards) // what the coordinator does when a node goes down
        for (const auto& n : nodes)
          if (s.owner == n.incarnation && n.state == node_state::down)
            s.owner = {};
      for (auto& s : shards)
        s.target = s.owner;
      const auto targets = place(nodes, shards, no_limit);
      check_shares(nodes, targets);
      CAF_CHECK_EQUAL(moves(shards, targets), least_moves(nodes, shards));
      auto moving = shards;
      for (std::size_t s = 0; s < shards.size(); ++s)
        moving[s].target = targets[s];
      CAF_CHECK(place(nodes, moving, no_limit) == targets);
      settle(shards, targets);
      CAF_CHECK(place(nodes, shards, no_limit) == targets);
      std::shuffle(nodes.begin(), nodes.end(), luck);
      CAF_CHECK(place(nodes, shards, no_limit) == targets);
    }
  }
}
