#define CAF_SUITE cluster_membership
#include "tests/actors/cluster_scene.hpp"

using namespace spotter;
using namespace spotter::tests;
namespace cluster = spotter::actors::cluster;

namespace {

/// One node, a coordinator in memory, and shards that do nothing.
struct fixture : cluster_scene {
  coordinator db;
  std::shared_ptr<fake_links> links = std::make_shared<fake_links>();
  std::vector<domain::uuid> opened_links; // the incarnations that did
  std::string links_fail;
  message_log told_switchboard;
  message_log told_routes;
  shard_script script;
  std::vector<shard_epoch> opened; // shards
  std::vector<shard_actor> local;
  lease_ptr served; // of the last one
  int drained = 0;
  bool has_drained_hook = true;
  cluster::context_ptr at;
  cluster::membership_actor membership;

  fixture() {
    db.now = [this] { return now; };
    begin();
  }

  ~fixture() override {
    at->routes.clear();
    at->membership = nullptr;
    at->switchboard = nullptr;
    finish();
  }

  void begin(bool with_hook = true) {
    cluster::settings how;
    how.node_id = "n1";
    how.address = "n1:7400";
    cluster::ports with;
    with.store = keep(sys.spawn(fake_store, &db));
    with.clock = [this] { return now; };
    with.open_links = [this](const domain::uuid& incarnation, const caf::actor&) -> peer_links_ptr {
      if (!links_fail.empty())
        throw std::runtime_error(links_fail);
      opened_links.push_back(incarnation);
      return links;
    };
    with.open_shard = [this](std::int32_t shard, std::int64_t epoch, lease_ptr lease) {
      served = std::move(lease);
      opened.push_back({shard, epoch});
      local.push_back(keep(sys.spawn(fake_shard, &script)));
      return local.back();
    };
    if (with_hook)
      with.drained = [this] { ++drained; };
    at = std::make_shared<cluster::context>(sys, how, with);
    at->switchboard =
      keep(caf::actor_cast<cluster::switchboard_actor>(sys.spawn(any_actor, &told_switchboard)));
    auto route = keep(caf::actor_cast<cluster::route_actor>(sys.spawn(any_actor, &told_routes)));
    for (int i = 0; i < shard_count; ++i)
      at->routes.push_back(route);
    membership = keep(cluster::spawn_membership(sys, at));
    at->membership = membership;
  }

  void start() { tell(membership, caf::tick_atom_v); }

  /// The newest of this node.
  domain::uuid incarnation() {
    const auto own = std::find_if(db.view.nodes.rbegin(), db.view.nodes.rend(),
                                  [](const auto& n) { return n.node_id == "n1"; });
    return own->incarnation;
  }

  cluster_status status() {
    std::vector<cluster_status> out;
    ask(membership, get_cluster{}, &out);
    return out.at(0);
  }

  messages::health health() {
    std::vector<messages::health> out;
    ask(membership, get_health{}, &out);
    return out.at(0);
  }

  /// Another node, as the coordinator knows it.
  domain::uuid add_node(const std::string& id, node_state state = node_state::up) {
    node_info n;
    n.incarnation = domain::make_uuid_v7();
    n.node_id = id;
    n.address = id + ":7400";
    n.state = state;
    n.joined_at = domain::from_millis(100);
    db.view.nodes.push_back(n);
    db.leases[n.incarnation] = now + 3'600s;
    db.changed();
    consume_messages();
    return n.incarnation;
  }

  /// The other node takes what it shall.
  void take_all(const domain::uuid& id) {
    for (auto& s : db.view.shards)
      if (s.owner.is_nil() && s.target == id) {
        s.owner = id;
        ++s.epoch;
      }
    db.changed();
    consume_messages();
  }

  std::int64_t leave(std::chrono::milliseconds limit) {
    sys.spawn([this, limit](caf::event_based_actor* self) {
      self
        ->request(caf::actor_cast<caf::actor>(membership), caf::infinite,
                  leave_cluster{limit.count()})
        .then([this] { ++left; });
    });
    consume_messages();
    return left;
  }

  std::int64_t left = 0;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(membership_tests, fixture)

CAF_TEST(a node alone owns all shards within its first beat and by one take) {
  start();
  CAF_CHECK_EQUAL(opened.size(), 256u);
  CAF_CHECK((db.takes == std::vector<std::size_t>{256}));
  CAF_CHECK_EQUAL(opened[9].epoch, 1);
  CAF_CHECK_EQUAL(db.find(incarnation())->state, node_state::up);
  const auto s = status();
  CAF_CHECK_EQUAL(s.owned.size(), 256u);
  CAF_CHECK(s.leading);
  CAF_CHECK(s.lease_held);
  CAF_CHECK_EQUAL(s.self.node_id, "n1");
  CAF_CHECK(health().ready);
  CAF_CHECK_EQUAL(at->local.find(9).epoch, 1);
  CAF_CHECK_EQUAL(told_routes.of<route_shard>().size(), 256u);
}

CAF_TEST(its lease lasts as long as the database answers) {
  start();
  advance(30'000ms, 50ms);
  CAF_CHECK(served->holds());
  CAF_CHECK_EQUAL(opened.size(), 256u);
  CAF_CHECK_EQUAL(status().fences, 0);
}

CAF_TEST(it joins as soon as the database answers) {
  db.away = true;
  start();
  advance(10'000ms, 50ms);
  CAF_CHECK(!health().ready);
  CAF_CHECK(!status().refused.empty());
  db.away = false;
  advance(5'000ms, 50ms);
  CAF_CHECK_EQUAL(opened.size(), 256u);
  CAF_CHECK(health().ready);
}

CAF_TEST(a refusal is shown and tried again) {
  db.refusal = "another protocol";
  start();
  CAF_CHECK_EQUAL(status().refused, "another protocol");
  CAF_CHECK_EQUAL(health().detail, "another protocol");
  db.refusal.clear();
  advance(5'000ms, 50ms);
  CAF_CHECK(health().ready);
  CAF_CHECK(status().refused.empty());
}

CAF_TEST(without links it owns nothing) {
  links_fail = "the address is in use";
  start();
  advance(2'000ms, 50ms);
  CAF_CHECK(opened.empty());
  CAF_CHECK_EQUAL(db.find(incarnation())->state, node_state::joining);
  CAF_CHECK_EQUAL(status().refused, "the address is in use");
  links_fail.clear();
  advance(500ms, 50ms);
  CAF_CHECK_EQUAL(opened.size(), 256u);
}

CAF_TEST(it stops before its lease ends and comes back as another) {
  start();
  const auto before = incarnation();
  const auto lease_before = served;
  db.away = true;
  advance(1'700ms, 50ms);
  CAF_CHECK(!served->holds());
  CAF_CHECK(at->local.find(9).shard == nullptr);
  CAF_CHECK_EQUAL(status().owned.size(), 0u);
  CAF_CHECK_EQUAL(status().fences, 1);
  CAF_CHECK(told_routes.of<route_shard>().back().owner.is_nil());
  CAF_CHECK_EQUAL(told_switchboard.of<messages::retire>().size(), 1u);
  CAF_CHECK(now < db.leases[before]);
  db.away = false;
  advance(6'000ms, 50ms);
  CAF_CHECK(incarnation() != before);
  CAF_CHECK(served->holds());
  CAF_CHECK(!lease_before->holds()); // who still has it must not speak
  CAF_CHECK_EQUAL(db.owned_by(incarnation()), 256u);
  CAF_CHECK_EQUAL(at->local.find(9).epoch, 3); // freed under 2, taken under 3
  CAF_CHECK((opened_links == std::vector<domain::uuid>{before, incarnation()}));
}

CAF_TEST(it stops at once when the coordinator does not hold its lease) {
  start();
  const auto before = incarnation();
  db.end(*db.find(before));
  db.changed();
  consume_messages();
  CAF_CHECK_EQUAL(status().fences, 1);
  CAF_CHECK(incarnation() != before);
  CAF_CHECK_EQUAL(at->local.find(9).epoch, 3);
}

CAF_TEST(a machine that slept does not serve from memory) {
  start();
  now += 60'000ms; // no timer has fired yet
  CAF_CHECK(!served->holds());
  advance(200ms, 50ms);
  CAF_CHECK_EQUAL(status().fences, 1);
}

CAF_TEST(it gives a new node its share a limited number at a time) {
  start();
  const auto other = add_node("n2");
  CAF_CHECK_EQUAL(db.owned_by(incarnation()), 256u - 64u);
  CAF_CHECK_EQUAL(script.retires, 64);
  CAF_CHECK_EQUAL(links->wanted.size(), 1u);
  take_all(other);
  CAF_CHECK_EQUAL(db.owned_by(incarnation()), 128u);
  CAF_CHECK_EQUAL(db.owned_by(other), 64u);
  take_all(other);
  CAF_CHECK_EQUAL(db.owned_by(other), 128u);
  const auto s = status();
  CAF_CHECK_EQUAL(s.given, 128);
  CAF_CHECK_EQUAL(s.handoffs_ms.size(), 64u);
  CAF_CHECK_EQUAL(s.owned.size(), 128u);
  std::size_t there = 0;
  for (const auto& r : told_routes.of<route_shard>())
    there += r.owner == other ? 1 : 0;
  CAF_CHECK_EQUAL(there, 128u);
}

CAF_TEST(a shard is given only after its sessions have ended) {
  start();
  script.answers_retire = false;
  add_node("n2");
  CAF_CHECK_EQUAL(db.gives, 0);
  CAF_CHECK_EQUAL(status().giving, 64);
  CAF_CHECK_EQUAL(db.owned_by(incarnation()), 256u);
  for (int i = 0; i < 50; ++i)
    advance(100ms, 100ms);
  CAF_CHECK(db.gives > 0); // it is not waited for without end
  CAF_CHECK_EQUAL(db.owned_by(incarnation()), 192u);
}

CAF_TEST(it takes over what a dead node owned) {
  start();
  const auto other = add_node("n2");
  take_all(other);
  take_all(other);
  db.leases[other] = now;
  advance(500ms, 50ms);
  CAF_CHECK_EQUAL(db.owned_by(incarnation()), 256u);
  CAF_CHECK_EQUAL(status().owned.size(), 256u);
}

CAF_TEST(only the leader places) {
  const auto other = add_node("n2");
  db.view.leader = other;
  db.view.term = 1;
  start();
  advance(1'000ms, 50ms);
  CAF_CHECK_EQUAL(db.placements, 0);
  CAF_CHECK(opened.empty());
  for (auto& s : db.view.shards)
    s.target = incarnation();
  db.changed();
  consume_messages();
  CAF_CHECK_EQUAL(opened.size(), 256u);
}

CAF_TEST(a take whose answer was lost is served all the same) {
  const auto other = add_node("n2");
  db.view.leader = other;
  start();
  for (auto& s : db.view.shards)
    s = {incarnation(), 5, incarnation()};
  db.changed();
  consume_messages();
  CAF_CHECK_EQUAL(opened.size(), 256u);
  CAF_CHECK_EQUAL(at->local.find(3).epoch, 5);
}

CAF_TEST(a shard that was taken away is not served any more) {
  start();
  const auto other = add_node("n2", node_state::joining);
  db.view.shards[9] = {other, 7, other};
  db.view.leader = other;
  db.changed();
  consume_messages();
  CAF_CHECK(at->local.find(9).shard == nullptr);
  CAF_CHECK_EQUAL(at->count.lost->value(), 1);
  CAF_CHECK_EQUAL(status().owned.size(), 255u);
}

CAF_TEST(a crashed shard comes back under a new epoch) {
  start();
  caf::anon_send_exit(at->local.find(9).shard, caf::exit_reason::kill);
  consume_messages();
  advance(200ms, 50ms);
  CAF_CHECK_EQUAL(at->local.find(9).epoch, 3);
  CAF_CHECK_EQUAL(status().owned.size(), 256u);
}

CAF_TEST(a lost answer to a gift is no harm) {
  start();
  const auto other = add_node("n2", node_state::joining);
  script.answers_retire = false;
  db.find(other)->state = node_state::up;
  db.changed();
  consume_messages();
  db.away = true;
  for (int i = 0; i < 12; ++i)
    advance(100ms, 100ms); // less than the lease
  db.away = false;
  advance(5'000ms, 100ms);
  CAF_CHECK_EQUAL(db.owned_by(incarnation()), 192u);
}

CAF_TEST(leaving gives everything away and then is down) {
  start();
  const auto other = add_node("n2");
  CAF_CHECK_EQUAL(leave(10s), 0);
  db.view.leader = other; // a draining node does not lead
  for (auto& s : db.view.shards)
    s.target = other;
  db.changed();
  consume_messages();
  advance(100ms, 50ms);
  CAF_CHECK_EQUAL(left, 1);
  CAF_CHECK_EQUAL(db.owned_by(incarnation()), 0u);
  CAF_CHECK_EQUAL(db.view.nodes[0].state, node_state::down);
  CAF_CHECK(!health().ready);
  advance(10'000ms, 100ms);
  CAF_CHECK_EQUAL(db.view.nodes.size(), 2u); // it does not come back
}

CAF_TEST(the last node leaves as soon as its sessions have ended) {
  start();
  script.answers_retire = false;
  CAF_CHECK_EQUAL(leave(10s), 0);
  CAF_CHECK_EQUAL(script.retires, 256);
  advance(5'000ms, 100ms);
  CAF_CHECK_EQUAL(left, 1);
  CAF_CHECK_EQUAL(db.owned_by(incarnation()), 0u);
  CAF_CHECK_EQUAL(db.find(incarnation())->state, node_state::down);
}

CAF_TEST(leaving has a limit) {
  start();
  db.view.leader = add_node("n2"); // which does nothing
  leave(1s);
  CAF_CHECK_EQUAL(left, 0);
  CAF_CHECK_EQUAL(db.find(incarnation())->state, node_state::draining);
  CAF_CHECK(!health().ready);
  advance(1'000ms, 50ms);
  CAF_CHECK_EQUAL(left, 1);
  CAF_CHECK_EQUAL(db.owned_by(incarnation()), 0u);
  CAF_CHECK_EQUAL(db.find(incarnation())->state, node_state::down);
}

CAF_TEST(leaving works without a database too) {
  start();
  db.away = true;
  leave(500ms);
  advance(600ms, 50ms);
  CAF_CHECK_EQUAL(left, 1);
}

CAF_TEST(an operator can drain a node) {
  start();
  const auto other = add_node("n2");
  take_all(other);
  take_all(other);
  db.view.leader = other;
  db.view.nodes[0].state = node_state::draining;
  for (auto& s : db.view.shards)
    s.target = other;
  db.changed();
  consume_messages();
  take_all(other);
  advance(1'000ms, 50ms);
  CAF_CHECK_EQUAL(drained, 1);
  CAF_CHECK_EQUAL(db.owned_by(other), 256u);
  CAF_CHECK_EQUAL(db.view.nodes[0].state, node_state::draining);
  CAF_CHECK(served->holds()); // it goes on to route
  leave(1s);
  CAF_CHECK_EQUAL(left, 1);
  CAF_CHECK_EQUAL(db.view.nodes[0].state, node_state::down);
}

CAF_TEST(a part that crashed makes the node begin anew) {
  start();
  const auto before = incarnation();
  tell(membership, messages::retire{});
  CAF_CHECK(incarnation() != before);
  CAF_CHECK_EQUAL(status().owned.size(), 256u);
}

CAF_TEST_FIXTURE_SCOPE_END()
