#include "persistence/cluster_store.hpp"

#include "persistence/ownership.hpp"
#include "persistence/writer.hpp"
#include "tests/persistence/read_story.hpp"

#include <caf/event_based_actor.hpp>

#define CAF_SUITE cluster_store
#include "caf/test/unit_test.hpp"

#include <algorithm>
#include <numeric>

using namespace spotter;
using namespace spotter::messages;
using namespace spotter::persistence;
using namespace std::chrono_literals;

namespace {

constexpr std::int64_t lease_ms = 60'000; // ends in a test only when the test says so

struct fixture : tests::pg_fixture {
  caf::actor_system_config config;
  caf::actor_system system{config};
  caf::scoped_actor self{system};
  cluster_store_actor store = spawn_cluster_store(system, settings(database_role::writer));
  cluster_store_actor other_store = spawn_cluster_store(system, settings(database_role::writer));
  tests::story rows{superuser()};

  ~fixture() {
    self->send_exit(store, caf::exit_reason::user_shutdown);
    self->send_exit(other_store, caf::exit_reason::user_shutdown);
  }

  template <class Answer, class Request>
  Answer ask(const cluster_store_actor& whom, const Request& request) {
    Answer answer;
    self->request(whom, caf::infinite, request)
      .receive([&](Answer& got) { answer = std::move(got); },
               [](const caf::error& error) { CAF_FAIL("no answer: " << error); });
    return answer;
  }

  template <class Request>
  cluster_lease lease(const Request& request) {
    return ask<cluster_lease>(store, request);
  }

  static node_info node(const std::string& name, int protocol_min = 1, int protocol_max = 1) {
    node_info who;
    who.incarnation = domain::make_uuid_v7();
    who.node_id = name;
    who.address = name + ".example:7400";
    who.http_address = "http://" + name + ".example";
    who.weight = 2;
    who.protocol_min = protocol_min;
    who.protocol_max = protocol_max;
    who.release = "1.2.3 \"quoted\", {braced}";
    return who;
  }

  /// A node that has joined.
  domain::uuid joined(const std::string& name) {
    const auto who = node(name);
    const auto answer = lease(join_cluster{who, lease_ms});
    CAF_REQUIRE_EQUAL(answer.refused, "");
    CAF_REQUIRE(answer.held);
    return who.incarnation;
  }

  /// A node that is up.
  domain::uuid up(const std::string& name) {
    const auto id = joined(name);
    CAF_REQUIRE(lease(change_state{id, node_state::up}).held);
    return id;
  }

  cluster_lease renew(const domain::uuid& id, std::int64_t known = 0) {
    return lease(renew_lease{id, lease_ms, known});
  }

  cluster_view view(const domain::uuid& id) {
    auto answer = renew(id);
    CAF_REQUIRE(answer.view.has_value());
    return *std::move(answer.view);
  }

  static node_state state_of(const cluster_view& view, const domain::uuid& id) {
    for (const auto& n : view.nodes)
      if (n.incarnation == id)
        return n.state;
    CAF_FAIL("the node is not in the view");
  }

  static std::vector<std::int32_t> shards(std::int32_t from, std::int32_t to) {
    std::vector<std::int32_t> out(static_cast<std::size_t>(to - from));
    std::iota(out.begin(), out.end(), from);
    return out;
  }

  /// Has the leader say that `target` is to own these.
  void place(const domain::uuid& leader, const std::vector<std::int32_t>& which,
             const domain::uuid& target) {
    const auto answer = lease(place_shards{leader, view(leader).term, which,
                                           std::vector<domain::uuid>(which.size(), target)});
    CAF_REQUIRE(answer.leading);
  }

  std::vector<shard_epoch> take(const domain::uuid& id, const std::vector<std::int32_t>& which) {
    return ask<shards_held>(store, take_shards{id, which}).shards;
  }

  std::vector<shard_epoch> give(const domain::uuid& id, const std::vector<std::int32_t>& which) {
    return ask<shards_held>(store, give_shards{id, which}).shards;
  }

  /// Places and takes these, and no less.
  std::vector<shard_epoch> own(const domain::uuid& leader, const domain::uuid& id,
                               const std::vector<std::int32_t>& which) {
    place(leader, which, id);
    auto taken = take(id, which);
    CAF_REQUIRE_EQUAL(taken.size(), which.size());
    return taken;
  }

  void run_out(const domain::uuid& id) {
    rows.sql("UPDATE spotter.node SET lease_until = clock_timestamp() - interval '1 second'"
             " WHERE incarnation = '"
             + to_string(id) + "'");
  }

  std::int64_t epoch_of(std::int32_t shard) {
    return rows
      .sql("SELECT epoch FROM spotter.shard WHERE shard_id = " + std::to_string(shard))[0][0]
      .as<std::int64_t>();
  }

  void subscribe(const cluster_store_actor& to) {
    self->send(to, cluster_changed{});
    // What is answered after it shows that it was heard.
    static_cast<void>(ask<cluster_lease>(to, renew_lease{domain::make_uuid_v7(), lease_ms, 0}));
  }

  void expect_notice() {
    self->receive([](cluster_changed) {},
                  caf::after(20s) >> [] { CAF_FAIL("no notice of a change"); });
  }
};

/// With a person, a live workout, and a writer.
struct writing_fixture : fixture {
  writer_actor writer = spawn_writer(system, how());
  std::int64_t seq = 0;
  const domain::uuid user = tests::alice;
  const std::int32_t shard = messages::shard_of(user);

  writing_fixture() {
    rows.exercise(tests::bench_press, "Bench press", "");
    rows.user(user, "alice@example.org");
    rows.workout(user, tests::id('a', 10), "2026-03-01 17:00:00+00");
    rows.instance(user, tests::id('a', 10), tests::id('a', 20), tests::bench_press, 0, 1);
  }

  ~writing_fixture() { self->send_exit(writer, caf::exit_reason::user_shutdown); }

  writer_settings how() {
    writer_settings out;
    out.connection = settings(database_role::writer);
    return out;
  }

  /// Commits a set under `epoch`, as a session does.
  store_result commit(std::int64_t epoch) {
    auto unit = std::make_shared<store_unit>();
    unit->user_id = user;
    unit->unit_id = domain::make_uuid_v7();
    unit->events.push_back({{epoch, ++seq},
                            event_name::set_logged,
                            tests::id('a', 10),
                            domain::now(),
                            shared_text{"{}"}});
    domain::set_record set;
    set.set_id = domain::make_uuid_v7();
    set.workout_id = tests::id('a', 10);
    set.exercise_instance_id = tests::id('a', 20);
    set.completed_at = set.created_at = set.updated_at = domain::now();
    set.version = seq;
    unit->changes.emplace_back(add_set{set});
    self->send(writer, messages::store{unit});
    auto result = store_result::unknown;
    self->receive([&](const stored& s) { result = s.result; },
                  caf::after(20s) >> [] { CAF_FAIL("the writer does not answer"); });
    return result;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(cluster_store_tests, fixture)

CAF_TEST(a node that joins is seen as it described itself) {
  auto who = node("a");
  const auto answer = lease(join_cluster{who, lease_ms});
  CAF_REQUIRE(answer.held);
  CAF_REQUIRE(answer.view.has_value());
  CAF_CHECK(!answer.leading);
  CAF_REQUIRE_EQUAL(answer.view->nodes.size(), 1u);
  const auto& seen = answer.view->nodes[0];
  CAF_CHECK(seen.incarnation == who.incarnation);
  CAF_CHECK_EQUAL(seen.node_id, who.node_id);
  CAF_CHECK_EQUAL(seen.address, who.address);
  CAF_CHECK_EQUAL(seen.http_address, who.http_address);
  CAF_CHECK_EQUAL(seen.release, who.release);
  CAF_CHECK_EQUAL(seen.weight, who.weight);
  CAF_CHECK(seen.state == node_state::joining);
  CAF_CHECK(seen.lease_left_ms > 0 && seen.lease_left_ms <= lease_ms);
  CAF_CHECK(std::chrono::abs(domain::now() - seen.joined_at) < 60s);
  CAF_CHECK_EQUAL(answer.view->shards.size(), 256u);
  CAF_CHECK(answer.view->shards[0].owner.is_nil());
  CAF_CHECK(answer.view->shards[0].target.is_nil());
  // The same again, because the answer was lost.
  CAF_CHECK(lease(join_cluster{who, lease_ms}).held);
}

CAF_TEST(the view comes with a renewal only when there is a newer one) {
  const auto a = up("a");
  const auto known = view(a).version;
  CAF_CHECK(!renew(a, known).view.has_value());
  CAF_CHECK(renew(a, known).held);
  up("b");
  const auto later = renew(a, known);
  CAF_REQUIRE(later.view.has_value());
  CAF_CHECK(later.view->version > known);
  CAF_CHECK_EQUAL(later.view->nodes.size(), 2u);
}

CAF_TEST(two nodes never hold one shard) {
  const auto a = up("a");
  const auto b = up("b");
  own(a, a, shards(0, 256));
  place(a, shards(0, 10), b);
  CAF_CHECK(take(b, shards(0, 256)).empty());
  CAF_CHECK_EQUAL(give(a, shards(0, 5)).size(), 5u);
  CAF_CHECK_EQUAL(take(b, shards(0, 256)).size(), 5u);
  CAF_CHECK(take(a, shards(0, 256)).empty());
  const auto all = view(a).shards;
  for (std::size_t i = 0; i < all.size(); ++i)
    CAF_CHECK(all[i].owner == (i < 5 ? b : a));
}

CAF_TEST(a node takes only what is meant for it) {
  const auto a = up("a");
  const auto b = up("b");
  place(a, shards(0, 10), b);
  CAF_CHECK(take(a, shards(0, 256)).empty());
  CAF_CHECK_EQUAL(take(b, shards(0, 256)).size(), 10u);
}

CAF_TEST(only a node that is up and whose lease holds takes shards) {
  const auto a = up("a");
  const auto b = up("b");
  place(a, shards(0, 10), b);
  CAF_REQUIRE(lease(change_state{b, node_state::draining}).held);
  CAF_CHECK(take(b, shards(0, 10)).empty());
  const auto c = up("c");
  place(a, shards(0, 10), c);
  run_out(c);
  CAF_CHECK(take(c, shards(0, 10)).empty());
}

CAF_TEST(giving is for the owner) {
  const auto a = up("a");
  const auto b = up("b");
  own(a, a, shards(0, 10));
  CAF_CHECK(give(b, shards(0, 10)).empty());
  const auto before = epoch_of(3);
  const auto given = give(a, {3});
  CAF_REQUIRE_EQUAL(given.size(), 1u);
  CAF_CHECK_EQUAL(given[0].shard, 3);
  CAF_CHECK_EQUAL(given[0].epoch, before + 1);
  CAF_CHECK_EQUAL(epoch_of(3), before + 1);
}

CAF_TEST(a lease that ran out by the clock of the database is noticed by another node) {
  const auto a = up("a");
  const auto b = up("b");
  own(a, b, shards(0, 256));
  const auto before = epoch_of(7);
  run_out(b);
  const auto seen = view(a);
  CAF_CHECK(state_of(seen, b) == node_state::down);
  for (const auto& place : seen.shards)
    CAF_CHECK(place.owner.is_nil());
  CAF_CHECK(epoch_of(7) > before);
}

CAF_TEST(renewing too late is refused even if nobody noticed) {
  const auto a = up("a");
  own(a, a, shards(0, 10));
  run_out(a);
  const auto late = renew(a);
  CAF_CHECK(!late.held);
  CAF_CHECK(!late.leading);
  CAF_CHECK(!late.view.has_value());
  CAF_CHECK(late.refused.find("ran out") != std::string::npos);
  CAF_CHECK(!renew(a).held);
  const auto b = up("b");
  const auto seen = view(b);
  CAF_CHECK(state_of(seen, a) == node_state::down);
  CAF_CHECK(seen.shards[0].owner.is_nil());
}

CAF_TEST(who was never there is refused) {
  const auto answer = renew(domain::make_uuid_v7());
  CAF_CHECK(!answer.held);
  CAF_CHECK(!answer.refused.empty());
}

CAF_TEST(there is one leader and each new one has a higher term) {
  const auto a = up("a");
  const auto b = up("b");
  CAF_CHECK(renew(a).leading);
  CAF_CHECK(!renew(b).leading);
  const auto first = view(b);
  CAF_CHECK(first.leader == a);
  run_out(a);
  CAF_CHECK(renew(b).leading);
  const auto second = view(b);
  CAF_CHECK(second.leader == b);
  CAF_CHECK(second.term > first.term);
}

CAF_TEST(a leader that drains leads no more) {
  const auto a = up("a");
  const auto b = up("b");
  CAF_CHECK(!lease(change_state{a, node_state::draining}).leading);
  CAF_CHECK(renew(a).held);
  CAF_CHECK(!renew(a).leading);
  CAF_CHECK(renew(b).leading);
  // Nor does it come back to be up.
  CAF_CHECK(lease(change_state{a, node_state::up}).held);
  CAF_CHECK(state_of(view(b), a) == node_state::draining);
}

CAF_TEST(a node that joins does not lead before it is up) {
  const auto a = joined("a");
  CAF_CHECK(!renew(a).leading);
  CAF_CHECK(lease(change_state{a, node_state::up}).leading);
}

CAF_TEST(placement by a former leader has no effect) {
  const auto a = up("a");
  const auto b = up("b");
  const auto term = view(a).term;
  run_out(a);
  CAF_REQUIRE(renew(b).leading);
  CAF_CHECK(!lease(place_shards{a, term, {1}, {a}}).leading);
  CAF_CHECK(view(b).shards[1].target.is_nil());
  // Nor that of the leader for a term that is over.
  lease(place_shards{b, term, {1}, {b}});
  CAF_CHECK(view(b).shards[1].target.is_nil());
  lease(place_shards{b, term + 1, {1}, {b}});
  CAF_CHECK(view(b).shards[1].target == b);
}

CAF_TEST(nothing is placed on a node that is not up) {
  const auto a = up("a");
  const auto b = joined("b");
  place(a, {1}, b);
  CAF_CHECK(view(a).shards[1].target.is_nil());
}

CAF_TEST(a node that speaks other protocols is refused with a reason) {
  CAF_REQUIRE(lease(join_cluster{node("a", 1, 2), lease_ms}).held);
  CAF_REQUIRE(lease(join_cluster{node("b", 2, 3), lease_ms}).held);
  const auto answer = lease(join_cluster{node("c", 3, 4), lease_ms});
  CAF_CHECK(!answer.held);
  CAF_CHECK(answer.refused.find("node a") != std::string::npos);
  CAF_CHECK(answer.refused.find("3 to 4") != std::string::npos);
}

CAF_TEST(the address of another live node is refused) {
  const auto a = up("a");
  auto who = node("b");
  who.address = "a.example:7400";
  CAF_CHECK(!lease(join_cluster{who, lease_ms}).held);
  run_out(a);
  CAF_CHECK(lease(join_cluster{who, lease_ms}).held);
}

CAF_TEST(a new incarnation of a node replaces the old one) {
  const auto a = up("a");
  const auto b = up("b");
  own(a, b, shards(0, 10));
  const auto before = epoch_of(0);
  const auto again = up("b");
  CAF_CHECK(!renew(b).held);
  CAF_CHECK(renew(again).held);
  const auto seen = view(a);
  CAF_CHECK(state_of(seen, b) == node_state::down);
  CAF_CHECK(seen.shards[0].owner.is_nil());
  CAF_CHECK(seen.shards[0].epoch > before);
  CAF_CHECK(take(b, shards(0, 10)).empty());
  CAF_CHECK(give(b, shards(0, 10)).empty());
}

CAF_TEST(a node that leaves frees its shards and never comes back) {
  const auto a = up("a");
  const auto b = up("b");
  own(a, b, shards(0, 10));
  CAF_CHECK(!lease(change_state{b, node_state::down}).held);
  CAF_CHECK(view(a).shards[0].owner.is_nil());
  CAF_CHECK(!lease(change_state{b, node_state::up}).held);
  CAF_CHECK(!renew(b).held);
}

CAF_TEST(a change is told to the others and not to who made it) {
  const auto a = up("a"); // all of this through store
  subscribe(store);
  place(a, {1}, a);
  bool heard = false;
  self->receive([&](cluster_changed) { heard = true; }, caf::after(100ms) >> [] {});
  CAF_CHECK(!heard);
  ask<shards_held>(other_store, take_shards{a, {1}});
  expect_notice();
}

CAF_TEST(a renewal is told to nobody) {
  const auto a = up("a");
  auto connection = database.connect(database_role::writer);
  std::vector<std::string> heard;
  connection.listen("spotter_cluster", [&heard](const pqxx::notification& notice) {
    heard.emplace_back(notice.payload);
  });
  for (int i = 0; i < 5; ++i)
    CAF_CHECK(renew(a).held);
  rows.sql("NOTIFY spotter_cluster, 'last'");
  while (heard.empty() || heard.back() != "last")
    connection.await_notification();
  CAF_CHECK_EQUAL(heard, std::vector<std::string>{"last"});
}

CAF_TEST(a lost connection is made anew and told as a change) {
  const auto a = up("a");
  subscribe(store);
  rows.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
           " WHERE usename = 'spotter_writer' AND datname = current_database()");
  expect_notice();
  CAF_CHECK(renew(a).held);
}

CAF_TEST(without a database each request is answered with an error) {
  auto nowhere = settings(database_role::writer);
  nowhere.server = "host=127.0.0.1 port=1 dbname=spotter";
  auto lonely = spawn_cluster_store(system, nowhere);
  for (int i = 0; i < 3; ++i)
    self->request(lonely, 5s, renew_lease{domain::make_uuid_v7(), lease_ms, 0})
      .receive([](cluster_lease&) { CAF_FAIL("an answer from nowhere"); },
               [](const caf::error& error) { CAF_CHECK(error != caf::sec::request_timeout); });
  self->send_exit(lonely, caf::exit_reason::user_shutdown);
}

CAF_TEST(two nodes notice the end of a third at once and agree) {
  const auto a = up("a");
  const auto b = up("b");
  for (int round = 0; round < 20; ++round) {
    const auto c = up("c");
    own(a, c, shards(0, 256));
    const auto before = epoch_of(9);
    run_out(c);
    auto first = self->request(store, caf::infinite, renew_lease{a, lease_ms, 0});
    auto second = self->request(other_store, caf::infinite, renew_lease{b, lease_ms, 0});
    const auto check = [](cluster_lease& answer) { CAF_CHECK(answer.held); };
    const auto fail = [](const caf::error& error) { CAF_FAIL("no answer: " << error); };
    std::move(first).receive(check, fail);
    std::move(second).receive(check, fail);
    CAF_CHECK_EQUAL(epoch_of(9), before + 1);
    CAF_CHECK(state_of(view(b), c) == node_state::down);
  }
}

CAF_TEST(a promoted standby begins with new epochs and no owners) {
  const auto a = up("a");
  const auto taken = own(a, a, shards(0, 256));
  rows.sql("UPDATE spotter.cluster SET timeline = timeline - 1");
  const auto seen = view(a);
  for (std::size_t i = 0; i < seen.shards.size(); ++i) {
    CAF_CHECK(seen.shards[i].owner.is_nil());
    CAF_CHECK(seen.shards[i].epoch > taken[i].epoch);
  }
  // Its places are still its own: it takes them anew.
  CAF_CHECK_EQUAL(take(a, shards(0, 256)).size(), 256u);
  const auto known = view(a).version;
  CAF_CHECK(!renew(a, known).view.has_value());
}

CAF_TEST(a single node does not start beside a cluster) {
  const auto a = up("a");
  own(a, a, shards(0, 256));
  const auto before = epoch_of(0);
  CAF_CHECK_THROWS_AS(
    static_cast<void>(take_all_shards(settings(database_role::writer), domain::make_uuid_v7())),
    pqxx::sql_error);
  CAF_CHECK_EQUAL(epoch_of(0), before);
  run_out(a);
  const auto epochs = take_all_shards(settings(database_role::writer), domain::make_uuid_v7());
  CAF_CHECK(epochs[0] > before);
  CAF_CHECK(!renew(a).held);
}

CAF_TEST(the first node of a cluster frees what a single node owned) {
  const auto epochs = take_all_shards(settings(database_role::writer), domain::make_uuid_v7());
  const auto a = joined("a");
  const auto seen = view(a);
  for (std::size_t i = 0; i < seen.shards.size(); ++i) {
    CAF_CHECK(seen.shards[i].owner.is_nil());
    CAF_CHECK(seen.shards[i].epoch > epochs[i]);
  }
}

CAF_TEST(an operator has a node drain) {
  const auto a = up("a");
  const auto b = up("b");
  auto operations = database.connect(database_role::writer);
  pqxx::nontransaction tx{operations};
  CAF_CHECK(tx.query_value<bool>("SELECT spotter.request_drain('b')"));
  CAF_CHECK(!tx.query_value<bool>("SELECT spotter.request_drain('nobody')"));
  CAF_CHECK(state_of(view(a), b) == node_state::draining);
  const auto known = view(a).version;
  CAF_CHECK(tx.query_value<std::int64_t>("SELECT spotter.rebalance()") > known);
  CAF_CHECK(view(a).version > known);
}

CAF_TEST(nodes that ended long ago are forgotten) {
  const auto a = up("a");
  up("b");
  const auto again = up("b");
  rows.sql("UPDATE spotter.node SET ended_at = ended_at - interval '25 hours' WHERE state = 4");
  const auto seen = view(again);
  CAF_CHECK_EQUAL(seen.nodes.size(), 2u);
  CAF_CHECK(state_of(seen, a) == node_state::up);
  up("c");
  CAF_CHECK_EQUAL(rows.sql("SELECT count(*) FROM spotter.node")[0][0].as<int>(), 3);
}

CAF_TEST(nobody but the writer may call the coordinator) {
  const auto open = rows.sql(
    "SELECT p.proname FROM pg_proc AS p WHERE p.pronamespace = 'spotter'::regnamespace"
    "   AND p.proname IN ('join_cluster', 'renew_lease', 'change_node_state', 'take_shards',"
    "                     'give_shards', 'place_shards', 'view_cluster', 'request_drain',"
    "                     'rebalance', 'tend_cluster', 'free_shards', 'lock_shards',"
    "                     'bump_cluster', 'stand_for_leader', 'lease_of')"
    "   AND has_function_privilege('spotter_reader', p.oid, 'EXECUTE')");
  CAF_CHECK_EQUAL(open.size(), 0);
  auto connection = database.connect(database_role::writer);
  for (const char* inner : {"tend_cluster()", "free_shards()", "bump_cluster()"})
    CAF_CHECK_THROWS_AS(
      pqxx::nontransaction{connection}.exec(std::string{"SELECT spotter."} + inner),
      pqxx::insufficient_privilege);
}

CAF_TEST_FIXTURE_SCOPE_END()

CAF_TEST_FIXTURE_SCOPE(cluster_fence_tests, writing_fixture)

CAF_TEST(taking raises the epoch before it answers and fences what came before) {
  const auto a = up("a");
  const auto b = up("b");
  const auto mine = own(a, a, {shard})[0].epoch;
  CAF_CHECK_EQUAL(commit(mine), store_result::committed);
  give(a, {shard});
  const auto theirs = own(a, b, {shard})[0].epoch;
  CAF_CHECK(theirs > mine);
  CAF_CHECK_EQUAL(epoch_of(shard), theirs);
  CAF_CHECK_EQUAL(commit(mine), store_result::fenced);
  --seq;
  CAF_CHECK_EQUAL(commit(theirs), store_result::committed);
}

CAF_TEST(giving fences the giver) {
  const auto a = up("a");
  const auto mine = own(a, a, {shard})[0].epoch;
  CAF_CHECK_EQUAL(commit(mine), store_result::committed);
  give(a, {shard});
  CAF_CHECK_EQUAL(commit(mine), store_result::fenced);
}

CAF_TEST(a node whose lease ran out is fenced once that is noticed) {
  const auto a = up("a");
  const auto b = up("b");
  const auto theirs = own(a, b, {shard})[0].epoch;
  run_out(b);
  CAF_CHECK_EQUAL(commit(theirs), store_result::committed); // the fence is the epoch
  renew(a);
  CAF_CHECK_EQUAL(commit(theirs), store_result::fenced);
}

CAF_TEST(after a promotion no epoch passes even before the coordinator is asked) {
  const auto a = up("a");
  const auto mine = own(a, a, {shard})[0].epoch;
  rows.sql("UPDATE spotter.cluster SET timeline = timeline - 1");
  CAF_CHECK_EQUAL(commit(mine), store_result::fenced);
  renew(a);
  CAF_CHECK_EQUAL(commit(mine), store_result::fenced);
  --seq;
  --seq;
  CAF_CHECK_EQUAL(commit(take(a, {shard}).at(0).epoch), store_result::committed);
}

CAF_TEST(a commit that hangs holds up nobody but its own shard) {
  const auto a = up("a");
  const auto b = up("b");
  own(a, b, shards(0, 256));
  auto hanging = database.connect(database_role::writer);
  pqxx::work tx{hanging};
  tx.exec("SELECT pg_advisory_xact_lock_shared(21328, " + std::to_string(shard) + ")");
  run_out(b);
  CAF_CHECK(renew(a).held);
  const auto seen = view(a);
  CAF_CHECK(state_of(seen, b) == node_state::down);
  for (std::int32_t i = 0; i < 256; ++i)
    CAF_CHECK_EQUAL(seen.shards[static_cast<std::size_t>(i)].owner.is_nil(), i != shard);
  tx.abort();
  renew(a);
  CAF_CHECK(view(a).shards[static_cast<std::size_t>(shard)].owner.is_nil());
}

CAF_TEST_FIXTURE_SCOPE_END()
