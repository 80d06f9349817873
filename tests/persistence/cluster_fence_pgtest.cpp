// What the epochs that the coordinator raises do to those who write.
#define CAF_SUITE cluster_fence
#include "persistence/cluster_store.hpp"

#include "persistence/writer.hpp"
#include "tests/persistence/cluster_fixture.hpp"

using namespace spotter;
using namespace spotter::messages;
using namespace spotter::persistence;
using namespace spotter::tests;
using namespace std::chrono_literals;

namespace {

/// With a person, a live workout, and a writer.
struct writing_fixture : cluster_fixture {
  writer_actor writer = spawn_writer(system, how());
  std::int64_t seq = 0;
  const domain::uuid user = alice;
  const std::int32_t shard = messages::shard_of(user);

  writing_fixture() {
    rows.exercise(bench_press, "Bench press", "");
    rows.user(user, "alice@example.org");
    rows.workout(user, id('a', 10), "2026-03-01 17:00:00+00");
    rows.instance(user, id('a', 10), id('a', 20), bench_press, 0, 1);
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
    unit->events.push_back(
      {{epoch, ++seq}, event_name::set_logged, id('a', 10), domain::now(), shared_text{"{}"}});
    domain::set_record set;
    set.set_id = domain::make_uuid_v7();
    set.workout_id = id('a', 10);
    set.exercise_instance_id = id('a', 20);
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
