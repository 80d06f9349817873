#include "actors/identity/key_keeper.hpp"

#include "actors/messages/all.hpp"

#define CAF_SUITE key_keeper
#include "caf/test/dsl.hpp"

#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>

#include <condition_variable>
#include <mutex>

using namespace spotter;
using namespace spotter::actors;
using namespace spotter::actors::identity;
using namespace std::chrono_literals;

namespace {

sealing::sealer sealer_of(std::uint8_t fill) {
  sealing::sealing_key::key_bytes bytes{};
  bytes.fill(fill);
  return sealing::sealer{{sealing::sealing_key{bytes}}};
}

signing_key::seed_bytes seed_of(std::uint8_t fill) {
  signing_key::seed_bytes seed{};
  seed.fill(fill);
  return seed;
}

stored_key row_of(std::uint8_t fill, std::int64_t signs_in_ms,
                  std::optional<std::int64_t> gone_in_ms = {}) {
  const auto made = make_new_key(sealer_of(1), {}, seed_of(fill));
  return {made.key_id, made.sealed_seed, signs_in_ms, gone_in_ms};
}

std::string id_of(std::uint8_t fill) {
  return signing_key{seed_of(fill)}.key_id();
}

std::vector<std::string> ids(const std::vector<const signing_key*>& keys) {
  std::vector<std::string> out;
  for (const auto* key : keys)
    out.push_back(key->key_id());
  return out;
}

using texts = std::vector<std::string>;

/// The table that all nodes share, as the database keeps it.
struct shared_table {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<stored_key> rows;
  std::vector<new_key> asked;
  bool reachable = true;
  int loads = 0;

  key_store port() {
    key_store out;
    out.load = [this] {
      const std::lock_guard guard{mutex};
      ++loads;
      changed.notify_all();
      if (!reachable)
        throw std::runtime_error("the database is away");
      return rows;
    };
    out.put = [this](const new_key& key) {
      const std::lock_guard guard{mutex};
      asked.push_back(key);
      if (!rows.empty() && rows.back().signs_in_ms > 0)
        return key_put::waiting;
      const auto lead = rows.empty() ? -10'000 : key.lead.count();
      if (!rows.empty())
        rows.back().gone_in_ms = lead + key.overlap.count();
      rows.push_back({key.key_id, key.sealed_seed, lead, std::nullopt});
      return key_put::made;
    };
    return out;
  }

  template <class Condition>
  void await(Condition condition) {
    std::unique_lock lock{mutex};
    if (!changed.wait_for(lock, 60s, condition))
      CAF_FAIL("waited in vain");
  }
};

/// A node, as far as its keys go.
struct test_node {
  explicit test_node(shared_table& table, key_settings how = {}) {
    parts = std::make_unique<keeper_parts>(
      keeper_parts{how, sealer_of(1), table.port(), std::make_shared<signing_keys>(),
                   [this](const std::vector<const signing_key*>& keys) {
                     const std::lock_guard guard{mutex};
                     published.push_back(ids(keys));
                     changed.notify_all();
                   }});
  }

  void await_published(const texts& wanted) {
    std::unique_lock lock{mutex};
    if (!changed.wait_for(lock, 60s,
                          [&] { return !published.empty() && published.back() == wanted; }))
      CAF_FAIL("the keys were not published");
  }

  std::string current() const {
    const auto ring = parts->keys->get();
    const auto* key = ring->current(std::chrono::steady_clock::now());
    return key ? key->key_id() : "";
  }

  std::unique_ptr<keeper_parts> parts;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<texts> published;
};

struct fixture {
  caf::actor_system_config config;
  caf::actor_system system{config};
  caf::scoped_actor self{system};
  shared_table table;

  /// What a keeper says to somebody who saw a token of an unknown key.
  std::string look(const caf::actor& keeper) {
    std::string said = "looked";
    self->request(keeper, caf::infinite, caf::update_atom_v)
      .receive([] {}, [&](const caf::error& why) { said = to_string(why); });
    return said;
  }

  void end(const caf::actor& keeper) {
    self->send_exit(keeper, caf::exit_reason::user_shutdown);
    self->wait_for(keeper);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(key_keeper_tests, fixture)

CAF_TEST(a key verifies before it signs and after and then is gone) {
  const moment t{};
  const auto ring = open_ring({row_of(1, -5'000, 1'500), row_of(2, 1'000)}, sealer_of(1), t);
  CAF_CHECK_EQUAL(ring->current(t)->key_id(), id_of(1));
  CAF_CHECK(ring->has_next(t));
  CAF_CHECK_EQUAL(ids(ring->valid(t)), (texts{id_of(1), id_of(2)}));
  CAF_CHECK_EQUAL(ring->current(t + 999ms)->key_id(), id_of(1));
  CAF_CHECK_EQUAL(ring->current(t + 1'000ms)->key_id(), id_of(2));
  CAF_CHECK(!ring->has_next(t + 1'000ms));
  CAF_CHECK_EQUAL(ids(ring->valid(t + 1'499ms)), (texts{id_of(1), id_of(2)}));
  CAF_CHECK_EQUAL(ids(ring->valid(t + 1'500ms)), (texts{id_of(2)}));
  CAF_CHECK(ring->current_since(t + 2s) == t + 1'000ms);
}

CAF_TEST(nothing signs before its time) {
  const moment t{};
  const auto ring = open_ring({row_of(1, 10)}, sealer_of(1), t);
  CAF_CHECK(ring->current(t) == nullptr);
  CAF_CHECK(open_ring({}, sealer_of(1), t)->current(t) == nullptr);
}

CAF_TEST(who can write to the table can make no key) {
  const moment t{};
  auto renamed = row_of(2, 0);
  renamed.key_id = id_of(3);
  auto swapped = row_of(2, 0);
  swapped.sealed_seed = row_of(3, 0).sealed_seed;
  auto foreign = row_of(2, 0);
  foreign.sealed_seed = make_new_key(sealer_of(9), {}, seed_of(2)).sealed_seed;
  auto plain = row_of(2, 0);
  plain.sealed_seed = std::string(32, 'x');
  for (const auto& row : {renamed, swapped, foreign, plain})
    CAF_CHECK_THROWS_AS((void)open_ring({row_of(1, -10, 100), row}, sealer_of(1), t),
                        std::runtime_error);
  CAF_MESSAGE("a retired one is left out");
  auto retired = foreign;
  retired.gone_in_ms = 100;
  CAF_CHECK_EQUAL(ids(open_ring({retired, row_of(1, -10)}, sealer_of(1), t)->valid(t)),
                  (texts{id_of(1)}));
}

CAF_TEST(the first node makes the first key of its file and the others take it) {
  test_node first{table};
  load_keys(*first.parts, seed_of(7));
  CAF_CHECK_EQUAL(first.current(), id_of(7));
  test_node second{table};
  load_keys(*second.parts, seed_of(8));
  CAF_CHECK_EQUAL(second.current(), id_of(7));
  CAF_CHECK_EQUAL(second.published.back(), (texts{id_of(7)}));
  CAF_CHECK_EQUAL(table.rows.size(), 1u);
}

CAF_TEST(every node notices a new key long before it signs) {
  key_settings how;
  how.lead = 5s; // looked for every 250 ms
  test_node one{table, how};
  test_node two{table, how};
  load_keys(*one.parts, seed_of(7));
  load_keys(*two.parts, seed_of(7));
  const auto first = spawn_key_keeper(system, *one.parts);
  const auto second = spawn_key_keeper(system, *two.parts);
  const auto made = make_new_key(one.parts->sealer, how, seed_of(8));
  CAF_CHECK(table.port().put(made) == key_put::made);
  one.await_published({id_of(7), id_of(8)});
  two.await_published({id_of(7), id_of(8)});
  CAF_MESSAGE("its time comes");
  {
    const std::lock_guard guard{table.mutex};
    table.rows.back().signs_in_ms = -1;
  }
  look(first);
  table.await([&, loads = table.loads] { return table.loads >= loads + 6; });
  CAF_CHECK_EQUAL(one.current(), id_of(8));
  CAF_CHECK_EQUAL(two.current(), id_of(8));
  end(first);
  end(second);
}

CAF_TEST(many who ask for new keys cost one look) {
  test_node one{table};
  load_keys(*one.parts, seed_of(7));
  const auto keeper = spawn_key_keeper(system, *one.parts);
  const auto before = table.loads;
  for (int i = 0; i < 50; ++i)
    CAF_CHECK_EQUAL(look(keeper), "looked");
  CAF_CHECK_LESS_OR_EQUAL(table.loads - before, 20); // one in two seconds, on whatever machine
  end(keeper);
}

CAF_TEST(who asks is told when keys can not be looked up and the old ones stay) {
  test_node one{table};
  load_keys(*one.parts, seed_of(7));
  table.reachable = false;
  const auto keeper = spawn_key_keeper(system, *one.parts);
  CAF_CHECK(look(keeper).find("the database is away") != std::string::npos);
  CAF_CHECK_EQUAL(one.current(), id_of(7));
  end(keeper);
}

CAF_TEST(a key that has reached its age is replaced by itself) {
  key_settings how;
  how.lead = 5s;
  how.rotation = 1h;
  test_node one{table, how};
  load_keys(*one.parts, seed_of(7));
  const auto keeper = spawn_key_keeper(system, *one.parts);
  table.await([&, loads = table.loads] { return table.loads >= loads + 2; });
  CAF_CHECK_EQUAL(table.rows.size(), 1u); // young
  {
    const std::lock_guard guard{table.mutex};
    table.rows.back().signs_in_ms = -3'700'000;
  }
  table.await([&] { return table.rows.size() == 2; });
  CAF_CHECK(table.asked.back().least_age == 1h);
  CAF_CHECK(table.asked.back().lead == 5s);
  one.await_published({id_of(7), table.rows.back().key_id});
  CAF_CHECK_EQUAL(one.current(), id_of(7));
  end(keeper);
}

CAF_TEST(the last token of a key lives out its life) {
  key_settings how;
  CAF_CHECK(how.overlap() > how.access_lifetime);
  CAF_CHECK(how.poll() * 10 < how.lead);
}

CAF_TEST_FIXTURE_SCOPE_END()
