#define CAF_SUITE cluster_pair
#include "tests/actors/cluster_scene.hpp"

using namespace spotter;
using namespace spotter::tests;
namespace cluster = spotter::actors::cluster;

namespace {

/// A node with all its parts, whose links lead to the other nodes of the scene.
struct test_node {
  std::string id;
  cluster::context_ptr at;
  domain::uuid incarnation; // whose links are open
  shard_script script;      // of all its shards
};

/// Two nodes, one coordinator, and a net that can be cut.
struct fixture : cluster_scene {
  coordinator db;
  test_node nodes[2];
  bool cut = false;
  sink_log seen;
  caf::actor sink = keep(sys.spawn(fake_sink, &seen));
  domain::uuid user = user_in(200);
  std::vector<session_found> found;
  std::vector<command_reply> replies;
  std::vector<subscribe_reply> joins;
  std::vector<login_revoked> revoked;

  fixture() {
    db.now = [this] { return now; };
    for (int i = 0; i < 2; ++i)
      make(i);
    for (auto& n : nodes)
      tell(n.at->membership, caf::tick_atom_v);
    advance(3'000ms, 50ms);
  }

  ~fixture() override {
    for (auto& n : nodes) {
      n.at->links.close();
      if (n.script.session.session)
        keep(n.script.session.session);
      n.script.session.session = nullptr;
      n.at->routes.clear();
      n.at->membership = nullptr;
      n.at->switchboard = nullptr;
    }
    finish();
  }

  void make(int i) {
    auto& n = nodes[i];
    n.id = "n" + std::to_string(i + 1);
    cluster::settings how;
    how.node_id = n.id;
    how.address = n.id + ":7400";
    cluster::ports with;
    with.store = keep(sys.spawn(fake_store, &db));
    with.clock = [this] { return now; };
    with.open_links = [this, &n](const domain::uuid& incarnation, const caf::actor&) {
      n.incarnation = incarnation;
      return std::make_shared<net_links>(*this, n);
    };
    with.open_shard = [this, &n](std::int32_t, std::int64_t, const lease_ptr&) {
      return keep(sys.spawn(fake_shard, &n.script));
    };
    with.login_revoked = [this](const login_revoked& what) { revoked.push_back(what); };
    n.at = std::make_shared<cluster::context>(sys, how, with);
    n.at->switchboard = keep(cluster::spawn_switchboard(sys, n.at));
    for (std::int32_t s = 0; s < shard_count; ++s)
      n.at->routes.push_back(keep(cluster::spawn_route(sys, s, n.at)));
    n.at->membership = keep(cluster::spawn_membership(sys, n.at));
  }

  struct net_links final : peer_links {
    net_links(fixture& f, test_node& n) : scene(f), from(n), incarnation(n.incarnation) {}
    ~net_links() override { from.incarnation = {}; }

    void want(std::vector<peer_address> peers) override {
      std::erase_if(up, [&peers](const domain::uuid& id) {
        return std::none_of(peers.begin(), peers.end(),
                            [&id](const auto& p) { return p.incarnation == id; });
      });
      for (const auto& p : peers)
        if (!scene.cut && std::find(up.begin(), up.end(), p.incarnation) == up.end()) {
          up.push_back(p.incarnation);
          caf::anon_send(from.at->switchboard, peer_up{p.incarnation});
        }
    }

    frame_sent send(const domain::uuid& to, peer_frame frame) override {
      if (scene.cut)
        return frame_sent::away;
      for (auto& n : scene.nodes)
        if (n.incarnation == to) {
          caf::anon_send(n.at->switchboard, peer_received{incarnation, std::move(frame), nullptr});
          return frame_sent::queued;
        }
      return frame_sent::away;
    }

    fixture& scene;
    test_node& from;
    domain::uuid incarnation;
    std::vector<domain::uuid> up;
  };

  test_node& owner() { return nodes[0].at->local.find(200).shard ? nodes[0] : nodes[1]; }
  test_node& other() { return &owner() == &nodes[0] ? nodes[1] : nodes[0]; }

  caf::actor session_at(test_node& n) {
    ask(n.at->routes[200], get_session{user}, &found);
    return found.empty() ? caf::actor{} : found.back().session;
  }

  void cut_links() {
    cut = true;
    for (auto& n : nodes)
      for (auto& m : nodes)
        if (&n != &m)
          caf::anon_send(n.at->switchboard, peer_down{m.incarnation, "cut"});
    consume_messages();
  }

  void send_command(const caf::actor& session) {
    ask(session, command{user, {}, {}, {}, start_workout{{}, "Push", {}, {}, {}}}, &replies);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(pair_tests, fixture)

CAF_TEST(two nodes share the shards) {
  CAF_CHECK_EQUAL(db.owned_by(nodes[0].incarnation), 128u);
  CAF_CHECK_EQUAL(db.owned_by(nodes[1].incarnation), 128u);
  for (std::int32_t s = 0; s < shard_count; ++s)
    CAF_CHECK((nodes[0].at->local.find(s).shard == nullptr)
              != (nodes[1].at->local.find(s).shard == nullptr));
}

CAF_TEST(a user is reached from both nodes and has one session) {
  send_command(session_at(owner()));
  send_command(session_at(other()));
  CAF_REQUIRE_EQUAL(replies.size(), 2u);
  CAF_CHECK_EQUAL(std::get<outcome>(replies[1].result).version, 2);
  CAF_CHECK_EQUAL(owner().script.session.commands.size(), 2u);
}

CAF_TEST(a subscriber on the other node gets every event) {
  ask(session_at(other()), subscribe{user, {}, {}, sink}, &joins);
  CAF_REQUIRE_EQUAL(joins.size(), 1u);
  for (const auto& s : owner().script.session.sinks)
    caf::anon_send(s, events_published{user, {some_event(10)}});
  consume_messages();
  CAF_CHECK_EQUAL(seen.events.size(), 1u);
}

CAF_TEST(a subscriber is told when the shard moves and finds it again) {
  auto& first = owner();
  auto& second = other();
  ask(session_at(second), subscribe{user, {}, {}, sink}, &joins);
  db.find(first.incarnation)->state = node_state::draining;
  db.view.leader = {};
  db.changed();
  consume_messages();
  advance(3'000ms, 50ms);
  CAF_CHECK(second.at->local.find(200).shard != nullptr);
  CAF_CHECK_EQUAL(seen.ended, 1);
  ask(session_at(second), subscribe{user, {}, {}, sink}, &joins);
  CAF_REQUIRE_EQUAL(joins.size(), 2u);
  CAF_CHECK(!code_of(joins[1]));
  send_command(session_at(second));
  CAF_CHECK_EQUAL(second.script.session.commands.size(), 1u);
}

CAF_TEST(a broken link leaves the command in doubt and requests wait for it) {
  owner().script.session.holds_back = true;
  const auto remote = session_at(other());
  send_command(remote);
  ask(remote, subscribe{user, {}, {}, sink}, &joins);
  cut_links();
  CAF_REQUIRE_EQUAL(replies.size(), 1u);
  CAF_CHECK(code_of(replies[0]) == failure_code::outcome_unknown);
  CAF_CHECK_EQUAL(seen.ended, 1);
  const auto before = found.size();
  ask(other().at->routes[200], get_session{user}, &found);
  CAF_CHECK_EQUAL(found.size(), before);
  cut = false;
  tell(other().at->switchboard, peer_up{owner().incarnation});
  CAF_CHECK_EQUAL(found.size(), before + 1);
  CAF_CHECK(found.back().session != remote);
}

CAF_TEST(a node that dies is replaced and waiting requests are served) {
  auto& dead = owner();
  auto& left = other();
  cut_links();
  dead.at->links.close();
  caf::anon_send_exit(dead.at->membership, caf::exit_reason::kill);
  consume_messages();
  ask(left.at->routes[200], get_session{user}, &found);
  CAF_CHECK(found.empty());
  cut = false;
  advance(2'900ms, 50ms);
  CAF_REQUIRE_EQUAL(found.size(), 1u);
  send_command(found[0].session);
  CAF_CHECK_EQUAL(left.script.session.commands.size(), 1u);
  CAF_CHECK(errors.empty());
}

CAF_TEST(an ended login is told to the other node) {
  tell(nodes[0].at->switchboard, login_revoked{user, domain::make_uuid_v7()});
  CAF_CHECK_EQUAL(revoked.size(), 1u);
}

CAF_TEST_FIXTURE_SCOPE_END()
