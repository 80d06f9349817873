#include "actors/sealing/reseal_job.hpp"

#include "actors/messages/all.hpp"

#define CAF_SUITE reseal
#include "caf/test/dsl.hpp"

#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>

#include <algorithm>
#include <condition_variable>
#include <future>
#include <map>
#include <mutex>

using namespace spotter;
using namespace spotter::actors::sealing;
using namespace std::chrono_literals;

namespace {

sealing_key key_of(std::uint8_t fill) {
  sealing_key::key_bytes bytes{};
  bytes.fill(fill);
  return sealing_key{bytes};
}

const sealing_key old_key = key_of(1);
const sealing_key new_key = key_of(2);

/// Tables with sealed rows, as the database keeps them.
struct fake_tables {
  std::mutex mutex;
  std::condition_variable changed;
  std::map<std::string, std::map<std::string, std::string>> places;
  std::vector<std::string> noted;
  std::vector<std::string> queued;
  int batches = 0;
  int fail_after = -1;                // batches
  std::function<void()> before_store; // as if somebody else were first

  void fill(int rows, const sealing_key& key) {
    const sealer s{{key}};
    for (int i = 0; i < rows; ++i) {
      const auto id = std::to_string(1'000 + i);
      places["totp"][id] = s.seal("secret " + id, "totp/" + id);
    }
    places["signing_key"]["k"] = s.seal("seed", "signing_key/k");
  }

  std::int64_t under(const sealing_key& key) {
    const std::lock_guard guard{mutex};
    std::int64_t sum = 0;
    for (const auto& [place, rows] : places)
      for (const auto& [id, sealed] : rows)
        sum += sealer::key_id_of(sealed) == key.id();
    return sum;
  }

  sealed_store port() {
    sealed_store out;
    out.note_key = [this](const std::string& id) {
      const std::lock_guard guard{mutex};
      if (std::find(noted.begin(), noted.end(), id) == noted.end())
        noted.push_back(id);
      return noted.back() == id;
    };
    out.known_keys = [this] { return noted; };
    out.count = [this] {
      const std::lock_guard guard{mutex};
      std::vector<messages::sealed_count> counts;
      for (const auto& [place, rows] : places) {
        std::map<std::string, std::int64_t> sums;
        for (const auto& [id, sealed] : rows)
          ++sums[sealer::key_id_of(sealed).value_or("")];
        for (const auto& [id, sum] : sums)
          counts.push_back({place, id, sum});
      }
      return counts;
    };
    out.load = [this](const std::string& place, const std::string& key_id, const std::string& after,
                      int limit) {
      const std::lock_guard guard{mutex};
      std::vector<messages::sealed_row> found;
      for (const auto& [id, sealed] : places[place])
        if (id > after && sealer::key_id_of(sealed).value_or("") == key_id
            && std::ssize(found) < limit)
          found.push_back({id, sealed});
      return found;
    };
    out.put = [this](const std::string& place, const std::vector<messages::resealed_row>& rows) {
      const std::lock_guard guard{mutex};
      if (auto hook = std::exchange(before_store, nullptr))
        hook();
      if (fail_after >= 0 && batches >= fail_after)
        throw std::runtime_error("the database is away");
      for (const auto& row : rows)
        if (places[place][row.row_key] == row.before)
          places[place][row.row_key] = row.after;
      ++batches;
      changed.notify_all();
    };
    out.queue_job = [this](const std::string& id) {
      const std::lock_guard guard{mutex};
      queued.push_back(id);
      changed.notify_all();
      return true;
    };
    return out;
  }
};

struct fixture {
  caf::actor_system_config config;
  caf::actor_system system{config};
  caf::scoped_actor self{system};
  fake_tables tables;
  const sealer keys{{new_key, old_key}};

  reseal_environment environment(const sealer& with) {
    reseal_environment env{with, tables.port(), std::make_shared<sealed_row_metrics>(system)};
    env.batch = 10;
    return env;
  }

  static messages::job job_for(const sealing_key& key) {
    return {domain::make_uuid_v7(), {}, "reseal", reseal_subject(key.id()), 1, 1};
  }

  messages::end_job run(const reseal_environment& env, const sealing_key& target = new_key) {
    messages::end_job end;
    self->request(reseal_spawner(env)(system), caf::infinite, job_for(target))
      .receive([&](const messages::end_job& how) { end = how; },
               [](const caf::error& why) { CAF_FAIL("no answer: " << why); });
    return end;
  }

  /// The metric's value for a key.
  std::int64_t shown(const sealing_key& key) {
    return system.metrics()
      .gauge_instance("spotter", "sealed-rows", {{"key", shown_id(key.id())}}, "")
      ->value();
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(reseal_tests, fixture)

CAF_TEST(all rows of all tables move and stay what they were) {
  tables.fill(45, old_key);
  const auto end = run(environment(keys));
  CAF_CHECK_EQUAL(end.state, "finished");
  CAF_CHECK_EQUAL(tables.under(old_key), 0);
  CAF_CHECK_EQUAL(tables.under(new_key), 46);
  const sealer only_new{{new_key}};
  for (const auto& [id, sealed] : tables.places["totp"])
    CAF_CHECK(only_new.open(sealed, "totp/" + id) == "secret " + id);
  CAF_CHECK(only_new.open(tables.places["signing_key"]["k"], "signing_key/k") == "seed");
  CAF_CHECK_EQUAL(tables.batches, 6);
  CAF_CHECK_EQUAL(shown(old_key), 0);
  CAF_CHECK_EQUAL(shown(new_key), 46);
}

CAF_TEST(a job that broke off or was killed goes on where it was) {
  tables.fill(45, old_key);
  tables.fail_after = 2;
  auto end = run(environment(keys));
  CAF_CHECK_EQUAL(end.state, "retry");
  CAF_CHECK_EQUAL(tables.under(new_key), 20);
  CAF_MESSAGE("killed in the middle");
  tables.fail_after = -1;
  auto env = environment(keys);
  env.batch = 1;
  const auto job = reseal_spawner(env)(system);
  self->monitor(job);
  self->send(job, job_for(new_key));
  {
    std::unique_lock lock{tables.mutex};
    CAF_REQUIRE(tables.changed.wait_for(lock, 60s, [&] { return tables.batches >= 4; }));
  }
  self->send_exit(job, caf::exit_reason::kill);
  self->receive([](const caf::down_msg&) {});
  const auto moved = tables.under(new_key);
  CAF_CHECK(moved >= 22);
  CAF_CHECK_EQUAL(moved + tables.under(old_key), 46);
  CAF_CHECK_EQUAL(run(environment(keys)).state, "finished");
  CAF_CHECK_EQUAL(tables.under(old_key), 0);
}

CAF_TEST(a row that is changed meanwhile stays as it was changed) {
  tables.fill(5, old_key);
  const auto changed = sealer{{old_key}}.seal("changed", "totp/1002");
  tables.before_store = [&] { tables.places["totp"]["1002"] = changed; };
  CAF_CHECK_EQUAL(run(environment(keys)).state, "finished");
  CAF_CHECK(tables.places["totp"]["1002"] == changed);
  CAF_CHECK_EQUAL(tables.under(old_key), 1);
  CAF_CHECK_EQUAL(run(environment(keys)).state, "finished");
  CAF_CHECK(keys.open(tables.places["totp"]["1002"], "totp/1002") == "changed");
  CAF_CHECK_EQUAL(tables.under(old_key), 0);
}

CAF_TEST(rows that do not open are left alone and told of) {
  tables.fill(25, old_key);
  tables.places["totp"]["1003"] = tables.places["totp"]["1004"];
  tables.places["totp"]["1020"] = key_of(9).id();
  const auto end = run(environment(keys));
  CAF_CHECK_EQUAL(end.state, "dead");
  CAF_CHECK(end.reason.starts_with("2 rows do not open")
            || end.reason.starts_with("1 rows do not open"));
  CAF_CHECK_EQUAL(tables.under(old_key), 1);
  CAF_CHECK_EQUAL(tables.under(new_key), 24);
}

CAF_TEST(a node with another key leaves the job to others) {
  tables.fill(5, old_key);
  const auto end = run(environment(sealer{{old_key, new_key}}));
  CAF_CHECK_EQUAL(end.state, "snooze");
  CAF_CHECK(end.delay_ms > 0);
  CAF_CHECK_EQUAL(tables.under(old_key), 6);
}

CAF_TEST(a long job gives way) {
  tables.fill(5, old_key);
  auto env = environment(keys);
  env.longest = 0min;
  CAF_CHECK_EQUAL(run(env).state, "snooze");
}

CAF_TEST(the watch has a job made only where rows are left and its key is the newest) {
  tables.fill(3, old_key);
  tables.noted = {old_key.id()};
  std::promise<void> woken;
  const auto watch =
    spawn_sealed_row_watch(system, environment(keys), [&woken] { woken.set_value(); });
  CAF_REQUIRE(woken.get_future().wait_for(60s) == std::future_status::ready);
  CAF_CHECK_EQUAL(tables.queued, (std::vector<std::string>{new_key.id()}));
  self->send_exit(watch, caf::exit_reason::user_shutdown);
  self->wait_for(watch);
  CAF_CHECK_EQUAL(shown(old_key), 4);
  CAF_MESSAGE("a node that lags behind moves nothing back");
  const sealer lagging{{old_key, new_key}};
  tables.fill(3, new_key);
  CAF_CHECK(has_older(lagging, tables.port().count()));
  CAF_CHECK(!tables.port().note_key(old_key.id()));
  CAF_CHECK(!has_older(keys, tables.port().count()));
}

CAF_TEST(a key that is removed too early is missed by its name) {
  tables.fill(3, old_key);
  tables.noted = {old_key.id(), new_key.id()};
  const auto problem = missing_key(sealer{{new_key}}, tables.noted, tables.port().count());
  CAF_REQUIRE(problem.has_value());
  CAF_CHECK(problem->find(shown_id(old_key.id())) != std::string::npos);
  CAF_CHECK(problem->find("identity.older_sealing_keys") != std::string::npos);
  CAF_CHECK(!missing_key(keys, tables.noted, tables.port().count()));
  CAF_MESSAGE("what no key has ever sealed is damage and stops nobody");
  tables.fill(3, new_key);
  tables.places["totp"]["1001"] =
    "damaged, or never sealed at all: nobody knows what this is, or was, "
    "or may have been before, whoever looks at it, however long, alas. . .";
  CAF_CHECK(!missing_key(sealer{{new_key}}, tables.noted, tables.port().count()));
}

CAF_TEST_FIXTURE_SCOPE_END()
