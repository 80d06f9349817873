// Who belongs to the cluster, for how long, and who leads it.
#define CAF_SUITE cluster_leases
#include "persistence/cluster_store.hpp"

#include "tests/persistence/cluster_fixture.hpp"

using namespace spotter;
using namespace spotter::messages;
using namespace spotter::persistence;
using namespace spotter::tests;

CAF_TEST_FIXTURE_SCOPE(cluster_leases_tests, cluster_fixture)

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

CAF_TEST_FIXTURE_SCOPE_END()
