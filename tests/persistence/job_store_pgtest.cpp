#include "persistence/job_store.hpp"

#include "tests/persistence/pg_fixture.hpp"

#include "actors/messages/all.hpp"

#define CAF_SUITE job_store
#include "caf/test/dsl.hpp"

#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>

#include <set>

using namespace spotter;
using namespace spotter::persistence;
using messages::claimed_jobs;
using messages::end_job;
using messages::job_ended;

namespace {

struct fixture : tests::pg_fixture {
  caf::actor_system_config config;
  caf::actor_system system{config};
  caf::scoped_actor self{system};
  messages::job_store_actor store = spawn_job_store(system, settings(database_role::writer));
  domain::uuid user = database.add_user();
  const domain::uuid runner = domain::make_uuid_v7();

  ~fixture() { self->send_exit(store, caf::exit_reason::user_shutdown); }

  /// Queues a job for `whose`, due in `delay_s` seconds.
  domain::uuid queue(const domain::uuid& whose, int delay_s = 0) {
    const auto id = domain::make_uuid_v7();
    auto connection = database.superuser();
    pqxx::nontransaction tx{connection};
    tx.exec("INSERT INTO spotter.job (user_id, job_id, kind, subject_id, run_at)"
            " VALUES ($1, $2, 'import', $2, clock_timestamp() + $3 * interval '1 second')",
            pqxx::params{to_string(whose), to_string(id), delay_s});
    return id;
  }

  /// One column of a job, as text; empty for NULL.
  std::string column(const domain::uuid& job_id, const std::string& name) {
    auto connection = database.superuser();
    pqxx::nontransaction tx{connection};
    const auto row = tx.exec("SELECT (to_jsonb(j) ->> $1) FROM spotter.job j WHERE job_id = $2",
                             pqxx::params{name, to_string(job_id)})
                       .one_row();
    return row[0].is_null() ? std::string{} : row[0].as<std::string>();
  }

  /// Lets the lease of every running job run out.
  void expire_leases() {
    auto connection = database.superuser();
    pqxx::nontransaction tx{connection};
    tx.exec("UPDATE spotter.job SET lease_until = clock_timestamp() - interval '1 second'"
            " WHERE state = 'running'");
  }

  template <class Answer, class Request>
  Answer ask(const Request& request) {
    Answer answer;
    self->request(store, caf::infinite, request)
      .receive([&](Answer& got) { answer = std::move(got); },
               [](const caf::error& error) { CAF_FAIL("no answer: " << error); });
    return answer;
  }

  std::vector<messages::job> claim(std::int32_t limit = 10) {
    return ask<claimed_jobs>(messages::claim_jobs{runner, limit, 30'000}).jobs;
  }

  bool end(const messages::job& claim, std::string state, std::int64_t delay_ms = 0,
           std::string reason = {}) {
    return ask<job_ended>(end_job{claim, std::move(state), delay_ms, std::move(reason)}).applied;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(job_store_tests, fixture)

CAF_TEST(claims what is due of all users and nothing twice) {
  const auto other = database.add_user();
  const auto mine = queue(user);
  const auto theirs = queue(other);
  const auto later = queue(user, 3600);
  const auto jobs = claim();
  CAF_REQUIRE_EQUAL(jobs.size(), 2u);
  for (const auto& job : jobs) {
    CAF_CHECK(job.job_id == mine ? job.user_id == user
                                 : job.job_id == theirs && job.user_id == other);
    CAF_CHECK_EQUAL(job.kind, "import");
    CAF_CHECK(job.subject_id == job.job_id);
    CAF_CHECK_EQUAL(job.attempt, 1);
    CAF_CHECK_EQUAL(job.lease, 1);
  }
  CAF_CHECK(claim().empty());
  CAF_CHECK_EQUAL(column(later, "state"), "queued");
  CAF_CHECK_EQUAL(column(mine, "runner_id"), to_string(runner));
}

CAF_TEST(claims no more than it is asked for) {
  for (int i = 0; i < 3; ++i)
    queue(user);
  CAF_CHECK_EQUAL(claim(2).size(), 2u);
  CAF_CHECK_EQUAL(claim(2).size(), 1u);
}

CAF_TEST(two runners at once share the jobs without overlap) {
  for (int i = 0; i < 20; ++i)
    queue(user);
  const auto second = spawn_job_store(system, settings(database_role::writer));
  std::vector<messages::job> all;
  auto collect = [&all](claimed_jobs& got) {
    all.insert(all.end(), got.jobs.begin(), got.jobs.end());
  };
  auto fail = [](const caf::error& error) { CAF_FAIL("no answer: " << error); };
  for (int round = 0; round < 10; ++round) {
    const messages::claim_jobs one{runner, 1, 30'000};
    auto a = self->request(store, caf::infinite, one);
    auto b = self->request(second, caf::infinite, one);
    a.receive(collect, fail);
    b.receive(collect, fail);
  }
  self->send_exit(second, caf::exit_reason::user_shutdown);
  std::set<domain::uuid> ids;
  for (const auto& job : all)
    ids.insert(job.job_id);
  CAF_CHECK_EQUAL(all.size(), 20u);
  CAF_CHECK_EQUAL(ids.size(), 20u);
}

CAF_TEST(an end takes the job off for good) {
  for (const auto* state : {"finished", "dead", "cancelled"}) {
    const auto id = queue(user);
    const auto jobs = claim();
    CAF_REQUIRE_EQUAL(jobs.size(), 1u);
    CAF_CHECK(end(jobs[0], state, 0, "because"));
    CAF_CHECK_EQUAL(column(id, "state"), state);
    CAF_CHECK_EQUAL(column(id, "reason"), "because");
    CAF_CHECK(!end(jobs[0], state));
    CAF_CHECK(claim().empty());
  }
}

CAF_TEST(a retry is due after its delay and counts) {
  const auto id = queue(user);
  CAF_REQUIRE(end(claim().at(0), "retry", 3'600'000, "no session"));
  CAF_CHECK_EQUAL(column(id, "state"), "queued");
  CAF_CHECK_EQUAL(column(id, "attempt"), "1");
  CAF_CHECK(claim().empty());
  const auto now = queue(user);
  CAF_REQUIRE(end(claim().at(0), "retry"));
  const auto again = claim();
  CAF_REQUIRE_EQUAL(again.size(), 1u);
  CAF_CHECK(again[0].job_id == now);
  CAF_CHECK_EQUAL(again[0].attempt, 2);
  CAF_CHECK_EQUAL(again[0].lease, 2);
}

CAF_TEST(a snooze does not count as a try) {
  queue(user);
  CAF_REQUIRE(end(claim().at(0), "snooze"));
  const auto again = claim();
  CAF_REQUIRE_EQUAL(again.size(), 1u);
  CAF_CHECK_EQUAL(again[0].attempt, 1);
  CAF_CHECK_EQUAL(again[0].lease, 2);
}

CAF_TEST(whoever lost the lease changes nothing) {
  const auto id = queue(user);
  const auto first = claim().at(0);
  CAF_CHECK(ask<job_ended>(messages::renew_job{first, 30'000}).applied);
  CAF_CHECK(claim().empty());
  expire_leases();
  const auto second = claim();
  CAF_REQUIRE_EQUAL(second.size(), 1u);
  CAF_CHECK_EQUAL(second[0].attempt, 2);
  CAF_CHECK(!ask<job_ended>(messages::renew_job{first, 30'000}).applied);
  CAF_CHECK(!end(first, "dead"));
  CAF_CHECK_EQUAL(column(id, "state"), "running");
  CAF_CHECK(end(second[0], "finished"));
}

CAF_TEST(a renewal moves the lease on) {
  const auto id = queue(user);
  const auto job = claim().at(0);
  expire_leases();
  CAF_CHECK(ask<job_ended>(messages::renew_job{job, 30'000}).applied);
  CAF_CHECK(claim().empty());
  CAF_CHECK_EQUAL(column(id, "lease"), "1");
}

CAF_TEST(comes back after its connection was cut) {
  queue(user);
  CAF_REQUIRE_EQUAL(claim().size(), 1u);
  {
    auto connection = database.superuser();
    pqxx::nontransaction tx{connection};
    tx.exec("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE usename = 'spotter_writer' AND datname = current_database()");
  }
  queue(user);
  CAF_CHECK_EQUAL(claim().size(), 1u);
}

CAF_TEST_FIXTURE_SCOPE_END()
