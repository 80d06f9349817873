// Where shards are meant to be, and who takes and gives them.
#define CAF_SUITE cluster_shards
#include "persistence/cluster_store.hpp"

#include "persistence/ownership.hpp"
#include "tests/persistence/cluster_fixture.hpp"

using namespace spotter;
using namespace spotter::messages;
using namespace spotter::persistence;
using namespace spotter::tests;

CAF_TEST_FIXTURE_SCOPE(cluster_shards_tests, cluster_fixture)

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

CAF_TEST_FIXTURE_SCOPE_END()
