// Everything that may go through a pooler does so here; without PgBouncer these tests say so and pass.
#include "persistence/connection.hpp"

#include "persistence/identity_store.hpp"
#include "persistence/job_store.hpp"
#include "persistence/ownership.hpp"
#include "persistence/writer.hpp"
#include "tests/persistence/pgbouncer.hpp"
#include "tests/persistence/read_story.hpp"

#include <caf/event_based_actor.hpp>

#define CAF_SUITE pooler
#include "caf/test/unit_test.hpp"

#include <set>

using namespace spotter;
using namespace spotter::messages;
using namespace spotter::persistence;
using namespace std::chrono_literals;

namespace {

constexpr int server_connections = 3;
constexpr int people = 12;

struct fixture : tests::pg_fixture {
  caf::actor_system_config config;
  caf::actor_system system{config};
  caf::scoped_actor self{system};
  tests::story rows{superuser()};
  std::optional<tests::pgbouncer> pooler;
  shard_epochs epochs = take_all_shards(settings(database_role::writer), domain::make_uuid_v7());

  fixture() {
    if (tests::pgbouncer::find())
      pooler.emplace(server_connections);
    else
      CAF_MESSAGE("skipped: PgBouncer is not installed");
    rows.exercise(tests::bench_press, "Bench press", "");
    for (int n = 0; n < people; ++n) {
      rows.user(person(n), std::to_string(n) + "@example.org");
      rows.workout(person(n), tests::id('c', n), "2026-03-01 17:00:00+00");
      rows.instance(person(n), tests::id('c', n), tests::id('d', n), tests::bench_press, 0, 1);
    }
  }

  static domain::uuid person(int n) { return tests::id('a', n); }

  connection_settings through(database_role role) { return pooler->settings(database, role); }

  /// A set of person `n`, with a put_workout besides unless `hot`.
  std::shared_ptr<store_unit> unit_of(int n, std::int64_t seq, bool hot) {
    auto unit = std::make_shared<store_unit>();
    unit->user_id = person(n);
    unit->unit_id = domain::make_uuid_v7();
    const auto epoch = epochs[static_cast<std::size_t>(messages::shard_of(person(n)))];
    unit->events.push_back(
      {{epoch, seq}, event_name::set_logged, tests::id('c', n), domain::now(), shared_text{"{}"}});
    domain::set_record set;
    set.set_id = domain::make_uuid_v7();
    set.workout_id = tests::id('c', n);
    set.exercise_instance_id = tests::id('d', n);
    set.completed_at = set.created_at = set.updated_at = domain::now();
    set.version = seq;
    unit->changes.emplace_back(add_set{set});
    if (!hot)
      unit->changes.emplace_back(messages::rebuild_records{tests::bench_press});
    return unit;
  }

  template <class Answer, class Actor, class Request>
  Answer ask(const Actor& whom, const Request& request) {
    Answer answer;
    self->request(whom, 60s, request)
      .receive([&](Answer& got) { answer = std::move(got); },
               [](const caf::error& error) { CAF_FAIL("no answer: " << error); });
    return answer;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(pooler_tests, fixture)

CAF_TEST(many writers commit through few connections) {
  if (!pooler)
    return;
  std::vector<writer_actor> writers;
  for (int i = 0; i < 6; ++i) {
    writer_settings how;
    how.connection = through(database_role::writer);
    writers.push_back(spawn_writer(system, how));
  }
  constexpr int sets = 20;
  for (int seq = 1; seq <= sets; ++seq)
    for (int n = 0; n < people; ++n)
      self->send(writers[static_cast<std::size_t>(n) % writers.size()],
                 store{unit_of(n, seq, n % 3 != 0)});
  for (int i = 0; i < sets * people; ++i)
    self->receive(
      [](const stored& end) {
        CAF_CHECK_EQUAL(end.detail, "");
        CAF_CHECK_EQUAL(end.result, store_result::committed);
      },
      caf::after(60s) >> [] { CAF_FAIL("a writer does not answer"); });
  CAF_CHECK_EQUAL(rows.sql("SELECT count(*) FROM spotter.event")[0][0].as<int>(), sets * people);
  for (auto& writer : writers)
    self->send_exit(writer, caf::exit_reason::user_shutdown);
}

CAF_TEST(readers see the rows of whom they ask for and of nobody else) {
  if (!pooler)
    return;
  reader_settings how;
  how.connection = through(database_role::reader);
  how.readers = 8;
  auto reader = spawn_reader(system, how);
  page_window window;
  for (int round = 0; round < 20; ++round) {
    std::vector<caf::typed_response_promise<read_reply>> none;
    for (int n = 0; n < people; ++n) {
      const auto mine =
        ask<read_reply>(reader, messages::read{person(n), get_workouts{window, "", {}, {}}});
      CAF_REQUIRE(std::holds_alternative<rendered>(mine.result));
      const std::string body{std::get<rendered>(mine.result).body.view()};
      for (int other = 0; other < people; ++other)
        CAF_CHECK_EQUAL(body.find(to_string(tests::id('c', other))) != std::string::npos,
                        other == n);
      // In a transaction of several statements, and on the clock of UTC.
      const auto image = ask<session_image>(reader, load_session{person(n)});
      CAF_CHECK(body.find("2026-03-01T17:00:00") != std::string::npos);
      static_cast<void>(image);
    }
  }
  self->send_exit(reader, caf::exit_reason::user_shutdown);
}

CAF_TEST(nothing of one client is left on a connection for the next) {
  if (!pooler)
    return;
  std::vector<pqxx::connection> clients;
  for (int i = 0; i < 2 * server_connections; ++i)
    clients.push_back(connect(through(database_role::reader)));
  std::set<int> servers;
  for (int round = 0; round < 20; ++round)
    for (int n = 0; n < static_cast<int>(clients.size()); ++n) {
      auto& client = clients[static_cast<std::size_t>(n)];
      {
        pqxx::work tx{client};
        tx.exec(set_reader_user_sql, pqxx::params{to_string(person(n))});
        CAF_CHECK_EQUAL(tx.query_value<std::string>("SELECT user_id FROM spotter.workout"),
                        to_string(person(n)));
        tx.commit();
      }
      pqxx::nontransaction after{clients[static_cast<std::size_t>(n + 1) % clients.size()]};
      CAF_CHECK_EQUAL(after.query_value<int>("SELECT count(*) FROM spotter.workout"), 0);
      CAF_CHECK_EQUAL(after.query_value<std::string>(
                        "SELECT coalesce(nullif(current_setting('app.user_id', true), ''), '-')"),
                      "-");
      servers.insert(after.query_value<int>("SELECT pg_backend_pid()"));
    }
  CAF_CHECK(servers.size() <= static_cast<std::size_t>(server_connections));
}

CAF_TEST(times are in UTC and time limits are those of the role) {
  if (!pooler)
    return;
  rows.sql("ALTER DATABASE " + database.name() + " SET TimeZone = 'Asia/Tokyo'");
  for (const auto role : {database_role::reader, database_role::writer}) {
    auto client = connect(through(role));
    pqxx::nontransaction tx{client};
    CAF_CHECK_EQUAL(tx.query_value<std::string>("SELECT current_setting('TimeZone')"), "UTC");
    CAF_CHECK_EQUAL(tx.query_value<std::string>("SELECT current_setting('statement_timeout')"),
                    "10s");
  }
  auto client = connect(through(database_role::writer));
  CAF_CHECK_EQUAL(pqxx::nontransaction{client}.query_value<std::string>(
                    "SELECT current_setting('idle_in_transaction_session_timeout')"),
                  "2s");
}

CAF_TEST(accounts and jobs are kept through a pooler) {
  if (!pooler)
    return;
  identity_store_settings how;
  how.connection = through(database_role::writer);
  auto identities = spawn_identity_store(system, how);
  for (int i = 0; i < 10; ++i) {
    add_account account;
    account.who.user_id = domain::make_uuid_v7();
    account.who.email = "new" + std::to_string(i) + "@example.org";
    account.who.created_at = domain::now();
    account.login_id = domain::make_uuid_v7();
    account.login_expires = domain::now() + 1h;
    CAF_CHECK(ask<identity_stored>(identities, account).applied);
    CAF_CHECK(ask<account_image>(identities, find_account{account.who.email}).found);
  }
  self->send_exit(identities, caf::exit_reason::user_shutdown);
  auto jobs = spawn_job_store(system, through(database_role::writer));
  rows.sql(
    "INSERT INTO spotter.job (user_id, job_id, kind, subject_id) VALUES ($1, $1, 'import', $1)",
    to_string(person(0)));
  // The new accounts have mails to be sent.
  const auto claimed =
    ask<claimed_jobs>(jobs, claim_jobs{domain::make_uuid_v7(), 2, 30'000, {"import"}});
  CAF_REQUIRE_EQUAL(claimed.jobs.size(), 1u);
  CAF_CHECK(ask<job_ended>(jobs, end_job{claimed.jobs[0], "finished", 0, ""}).applied);
  self->send_exit(jobs, caf::exit_reason::user_shutdown);
}

CAF_TEST(a writer goes on when the database ends the connections of the pooler) {
  if (!pooler)
    return;
  writer_settings how;
  how.connection = through(database_role::writer);
  auto writer = spawn_writer(system, how);
  for (int seq = 1; seq <= 10; ++seq) {
    if (seq % 3 == 0)
      rows.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
               " WHERE usename = 'spotter_writer' AND datname = current_database()");
    self->send(writer, store{unit_of(1, seq, true)});
    self->receive([](const stored& end) { CAF_CHECK_EQUAL(end.result, store_result::committed); },
                  caf::after(60s) >> [] { CAF_FAIL("the writer does not answer"); });
  }
  CAF_CHECK_EQUAL(rows.sql("SELECT count(*) FROM spotter.event")[0][0].as<int>(), 10);
  self->send_exit(writer, caf::exit_reason::user_shutdown);
}

CAF_TEST_FIXTURE_SCOPE_END()
