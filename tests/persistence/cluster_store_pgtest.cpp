// What nodes are told of the cluster, and how the store that asks for them stands by its connection.
#define CAF_SUITE cluster_store
#include "persistence/cluster_store.hpp"

#include "tests/persistence/cluster_fixture.hpp"

using namespace spotter;
using namespace spotter::messages;
using namespace spotter::persistence;
using namespace spotter::tests;
using namespace std::chrono_literals;

CAF_TEST_FIXTURE_SCOPE(cluster_store_tests, cluster_fixture)

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
