#include "persistence/migrator.hpp"

#include "tests/persistence/pg_fixture.hpp"

#define CAF_SUITE migrator
#include "caf/test/dsl.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

using namespace spotter;
using namespace spotter::persistence;
using spotter::tests::test_database;
using std::chrono::milliseconds;

namespace {

migration make(int version, std::string name, std::string up, std::string down = "SELECT 1") {
  return {version, std::move(name), std::move(up), std::move(down)};
}

struct fixture {
  test_database database{test_database::content::empty};

  migrator with(std::vector<migration> migrations, migrator_options options = {}) const {
    return {database.settings(database_role::migrator), std::move(migrations), std::move(options)};
  }

  template <class T>
  T ask(const std::string& sql) const {
    auto connection = database.superuser();
    return pqxx::nontransaction{connection}.query_value<T>(sql);
  }

  bool exists(const std::string& relation) const {
    return ask<bool>("SELECT to_regclass('" + relation + "') IS NOT NULL");
  }
};

/// Where a test waits for what the migrator reports.
class reports {
public:
  std::function<void(const std::string&)> sink() {
    return [this](const std::string& what) {
      std::lock_guard guard{mutex_};
      all_ += what + "\n";
      changed_.notify_all();
    };
  }
  std::string wait_for(const std::string& part) {
    std::unique_lock guard{mutex_};
    changed_.wait_for(guard, std::chrono::seconds{20},
                      [&] { return all_.find(part) != std::string::npos; });
    return all_;
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string all_;
};

bool mentions(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(migrator_tests, fixture)

CAF_TEST(goes up and down to nothing and up again to the same schema) {
  auto all = embedded_migrations();
  CAF_REQUIRE(all.has_value());
  const auto migrations = with(*all);
  auto first = migrations.up();
  CAF_REQUIRE_EQUAL(first ? "" : first.error().message, "");
  CAF_CHECK_EQUAL(first->size(), all->size());
  const auto schema = dump_schema(database);
  CAF_CHECK(schema.size() > 10'000);

  auto down = migrations.down(0);
  CAF_REQUIRE_EQUAL(down ? "" : down.error().message, "");
  CAF_CHECK_EQUAL(ask<int>("SELECT count(*) FROM pg_class c JOIN pg_namespace n "
                           "ON n.oid = c.relnamespace WHERE n.nspname = 'spotter' "
                           "AND c.relname NOT LIKE 'spotter_migration%'"),
                  0);
  CAF_CHECK_EQUAL(ask<int>("SELECT count(*) FROM pg_proc p JOIN pg_namespace n "
                           "ON n.oid = p.pronamespace WHERE n.nspname = 'spotter'"),
                  0);
  CAF_CHECK_EQUAL(ask<int>("SELECT count(*) FROM pg_default_acl"), 0);

  auto again = migrations.up();
  CAF_REQUIRE_EQUAL(again ? "" : again.error().message, "");
  CAF_CHECK_EQUAL(dump_schema(database), schema);
  auto nothing = migrations.up();
  CAF_REQUIRE(nothing.has_value());
  CAF_CHECK(nothing->empty());
}

CAF_TEST(goes step by step to a version and back) {
  const auto steps = with({make(1, "a", "CREATE TABLE spotter.a (x int)", "DROP TABLE spotter.a"),
                           make(2, "b", "CREATE TABLE spotter.b (x int)", "DROP TABLE spotter.b"),
                           make(3, "c", "CREATE TABLE spotter.c (x int)", "DROP TABLE spotter.c")});
  CAF_CHECK_EQUAL(steps.up(2)->size(), 2u);
  CAF_CHECK(exists("spotter.b") && !exists("spotter.c"));
  auto status = steps.status();
  CAF_REQUIRE(status.has_value());
  CAF_CHECK((*status)[1].now == migration_status::state::applied);
  CAF_CHECK((*status)[1].applied_at.ends_with("Z"));
  CAF_CHECK((*status)[2].now == migration_status::state::pending);
  CAF_CHECK_EQUAL(steps.up()->size(), 1u);
  auto down = steps.down(1);
  CAF_REQUIRE(down.has_value());
  CAF_CHECK_EQUAL(down->size(), 2u);
  CAF_CHECK_EQUAL(down->front().version, 3);
  CAF_CHECK(exists("spotter.a") && !exists("spotter.b"));
}

CAF_TEST(owns what it makes as the owner and not as who logs in) {
  CAF_REQUIRE(with({make(1, "a", "CREATE TABLE spotter.a (x int)")}).up().has_value());
  CAF_CHECK_EQUAL(ask<std::string>("SELECT relowner::regrole::text FROM pg_class "
                                   "WHERE oid = 'spotter.a'::regclass"),
                  "spotter_owner");
}

CAF_TEST(refuses to go on when an applied file has changed) {
  CAF_REQUIRE(with({make(1, "first", "SELECT 1")}).up().has_value());
  const auto edited =
    with({make(1, "first", "SELECT 2"), make(2, "b", "CREATE TABLE spotter.b (x int)")});
  auto refused = edited.up();
  CAF_REQUIRE(!refused.has_value());
  CAF_CHECK(refused.error().fault == migration_fault::changed);
  CAF_CHECK(mentions(refused.error().message, "0001_first.up.sql has changed"));
  CAF_CHECK(!exists("spotter.b"));
  CAF_CHECK(edited.status()->front().now == migration_status::state::changed);
}

CAF_TEST(an older program says that the database knows more) {
  CAF_REQUIRE(with({make(1, "a", "SELECT 1"), make(2, "b", "SELECT 1")}).up().has_value());
  const auto older = with({make(1, "a", "SELECT 1")});
  CAF_CHECK(older.status()->back().now == migration_status::state::unknown);
  CAF_CHECK(older.up().has_value());
  auto down = older.down(0);
  CAF_REQUIRE(!down.has_value());
  CAF_CHECK(down.error().fault == migration_fault::unknown_version);
}

CAF_TEST(a failing statement leaves nothing behind and is named by file and line) {
  auto failed = with({make(7, "half_done",
                           "-- why\nCREATE TABLE spotter.half (x int);\n\n"
                           "INSERT INTO spotter.half\nSELECT y FROM spotter.half")})
                  .up();
  CAF_REQUIRE(!failed.has_value());
  CAF_CHECK(failed.error().fault == migration_fault::statement);
  CAF_CHECK(mentions(failed.error().message, "0007_half_done.up.sql:5: SQLSTATE 42703"));
  CAF_CHECK(!exists("spotter.half"));
  CAF_CHECK_EQUAL(ask<int>("SELECT count(*) FROM spotter.spotter_migration"), 0);
}

CAF_TEST(transactions inside a file are refused) {
  auto failed = with({make(1, "a", "SELECT 1;\nCOMMIT;\nSELECT 2")}).up();
  CAF_REQUIRE(!failed.has_value());
  CAF_CHECK(failed.error().fault == migration_fault::bad_file);
  CAF_CHECK(mentions(failed.error().message, "0001_a.up.sql:2: COMMIT"));
}

CAF_TEST(a file without transaction can build an index concurrently) {
  const std::string up = "-- Why: no lock.\n-- spotter: no-transaction\n"
                         "CREATE TABLE IF NOT EXISTS spotter.a (x int);\n"
                         "CREATE INDEX CONCURRENTLY a_x ON spotter.a (x);\n";
  auto done = with({make(1, "a", up, "DROP TABLE spotter.a")}).up();
  CAF_REQUIRE_EQUAL(done ? "" : done.error().message, "");
  CAF_CHECK(exists("spotter.a_x"));
  auto without = with({make(1, "a", up, "DROP TABLE spotter.a"),
                       make(2, "b", "CREATE INDEX CONCURRENTLY a_y ON spotter.a (x)")})
                   .up();
  CAF_REQUIRE(!without.has_value());
  CAF_CHECK(mentions(without.error().message, "SQLSTATE 25001"));
}

CAF_TEST(a second runner waits for the first and then finds nothing to do) {
  reports said;
  migrator_options options;
  options.report = said.sink();
  // The first runner stands in its migration until this session lets go.
  auto gate = database.superuser();
  pqxx::nontransaction holding{gate};
  holding.exec("SELECT pg_advisory_lock(1, 1)");
  const std::vector slow{make(1, "slow",
                              "SELECT pg_advisory_xact_lock(1, 1);"
                              "CREATE TABLE spotter.slow (x int)")};
  migrator_options patient;
  patient.lock_timeout = milliseconds{60'000};
  std::optional<migration_result<std::vector<migration_step>>> first;
  std::optional<migration_result<std::vector<migration_step>>> second;
  std::thread one{[&] { first = with(slow, patient).up(); }};
  auto watch = database.superuser();
  auto first_waits = [&watch] {
    return pqxx::nontransaction{watch}.query_value<bool>(
      "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted)");
  };
  while (!first_waits())
    std::this_thread::yield();
  std::thread two{[&] { second = with(slow, options).up(); }};
  const auto report = said.wait_for("waiting");
  CAF_CHECK(mentions(report, "spotter test migrator"));
  holding.exec("SELECT pg_advisory_unlock(1, 1)");
  one.join();
  two.join();
  CAF_REQUIRE(first->has_value() && second->has_value());
  CAF_CHECK_EQUAL((*first)->size(), 1u);
  CAF_CHECK((*second)->empty());
}

CAF_TEST(a runner gives up on another that does not end and says who it is) {
  auto other = database.superuser();
  pqxx::nontransaction holding{other};
  holding.exec("SELECT pg_advisory_lock(21330, 0)");
  migrator_options options;
  options.runner_wait = milliseconds{150};
  auto refused = with({make(1, "a", "SELECT 1")}, options).up();
  CAF_REQUIRE(!refused.has_value());
  CAF_CHECK(refused.error().fault == migration_fault::locked_out);
  CAF_CHECK(
    mentions(refused.error().message, "server process " + std::to_string(other.backendpid())));
}

CAF_TEST(waits for a busy table in short tries and not in a queue) {
  CAF_REQUIRE(with({make(1, "a", "CREATE TABLE spotter.a (x int)")}).up().has_value());
  auto busy = database.superuser();
  auto reading = std::make_unique<pqxx::work>(busy);
  reading->exec("SELECT * FROM spotter.a");
  reports said;
  migrator_options options;
  options.lock_timeout = milliseconds{50};
  options.first_backoff = milliseconds{20};
  options.lock_tries = 50;
  options.report = said.sink();
  std::optional<migration_result<std::vector<migration_step>>> result;
  std::thread runner{[&] {
    result = with({make(1, "a", "CREATE TABLE spotter.a (x int)"),
                   make(2, "b", "SELECT 1;\nALTER TABLE spotter.a ADD y int")},
                  options)
               .up();
  }};
  const auto report = said.wait_for("try 2");
  CAF_CHECK(mentions(report, "0002_b.up.sql:2 waited in vain (55P03)"));
  reading.reset(); // lets go of the table
  runner.join();
  CAF_REQUIRE_EQUAL(result->has_value() ? "" : result->error().message, "");
  CAF_CHECK((*result)->front().tries >= 2);
}

CAF_TEST(tries for a busy table are bounded) {
  CAF_REQUIRE(with({make(1, "a", "CREATE TABLE spotter.a (x int)")}).up().has_value());
  auto busy = database.superuser();
  pqxx::work reading{busy};
  reading.exec("SELECT * FROM spotter.a");
  migrator_options options;
  options.lock_timeout = milliseconds{20};
  options.first_backoff = milliseconds{1};
  options.lock_tries = 2;
  auto failed = with({make(1, "a", "CREATE TABLE spotter.a (x int)"),
                      make(2, "b", "ALTER TABLE spotter.a ADD y int")},
                     options)
                  .up();
  CAF_REQUIRE(!failed.has_value());
  CAF_CHECK(mentions(failed.error().message, "55P03"));
}

CAF_TEST(a server that is not there is a connection failure) {
  connection_settings settings;
  settings.server = "host=/nonexistent dbname=spotter";
  settings.role = database_role::migrator;
  auto failed = migrator{settings, {}}.up();
  CAF_REQUIRE(!failed.has_value());
  CAF_CHECK(failed.error().fault == migration_fault::connection);
}

CAF_TEST_FIXTURE_SCOPE_END()
