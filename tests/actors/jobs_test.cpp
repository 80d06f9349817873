#include "actors/jobs/job_supervisor.hpp"

#define CAF_SUITE jobs
#include "caf/test/dsl.hpp"

#include <deque>

using namespace spotter;
using namespace spotter::actors;
using namespace std::chrono_literals;
using messages::end_job;

namespace {

/// The rows and the store's answers, as the tests set and see them.
struct store_script {
  std::deque<messages::job> due;
  std::vector<messages::claim_jobs> claims;
  std::vector<messages::renew_job> renewals;
  std::vector<end_job> ends;
  bool answers = true; // false: every request fails
  bool holds_lease = true;
};

messages::job_store_actor::behavior_type fake_store(messages::job_store_actor::pointer,
                                                    store_script* script) {
  const auto down = caf::make_error(caf::sec::connection_closed);
  return {
    [script, down](const messages::claim_jobs& ask) -> caf::result<messages::claimed_jobs> {
      if (!script->answers)
        return down;
      script->claims.push_back(ask);
      messages::claimed_jobs result;
      while (!script->due.empty() && result.jobs.size() < static_cast<std::size_t>(ask.limit)) {
        result.jobs.push_back(script->due.front());
        script->due.pop_front();
      }
      return result;
    },
    [script, down](const messages::renew_job& ask) -> caf::result<messages::job_ended> {
      if (!script->answers)
        return down;
      script->renewals.push_back(ask);
      return messages::job_ended{script->holds_lease};
    },
    [script, down](const end_job& ask) -> caf::result<messages::job_ended> {
      if (!script->answers)
        return down;
      script->ends.push_back(ask);
      return messages::job_ended{script->holds_lease};
    },
  };
}

/// What the workers do: they wait until the test says how they end, unless told otherwise.
struct worker_script {
  std::vector<messages::job> runs;
  std::vector<end_job> burials;
  std::deque<caf::typed_response_promise<end_job>> waiting;
  std::deque<caf::actor> waiters; // whose promises they are
  end_job answer;                 // the next to be given
  bool throws = false;
  bool buries = true; // false: the owner can't be told
  std::vector<caf::actor_addr> alive;
};

using scripted_job_actor = job_actor::extend<caf::result<void>(caf::ok_atom)>;

scripted_job_actor::behavior_type fake_worker(scripted_job_actor::pointer self,
                                              worker_script* script) {
  script->alive.push_back(self->address());
  self->attach_functor(
    [script, addr = self->address()](const caf::error&) { std::erase(script->alive, addr); });
  return {
    [self, script](const messages::job& claim) -> caf::result<end_job> {
      script->runs.push_back(claim);
      if (script->throws)
        throw std::runtime_error("a row that nobody thought of");
      script->waiting.push_back(self->make_response_promise<end_job>());
      script->waiters.push_back(caf::actor_cast<caf::actor>(self));
      return script->waiting.back();
    },
    [self, script](const end_job& how) -> caf::result<end_job> {
      script->burials.push_back(how);
      self->quit();
      auto answer = how;
      if (!script->buries)
        answer.state = "retry";
      return answer;
    },
    [self, script](caf::ok_atom) {
      script->waiting.front().deliver(script->answer);
      script->waiting.pop_front();
      self->quit();
    },
  };
}

messages::job some_job(std::int32_t attempt = 1) {
  messages::job result;
  result.job_id = domain::make_uuid_v7();
  result.user_id = domain::make_uuid_v7();
  result.subject_id = domain::make_uuid_v7();
  result.kind = "import";
  result.attempt = attempt;
  result.lease = 7;
  return result;
}

struct fixture : test_coordinator_fixture<> {
  fixture() {
    settings.slots = 2;
    settings.retry.jitter = 0;
  }

  ~fixture() {
    anon_send_exit(supervisor, caf::exit_reason::user_shutdown);
    anon_send_exit(store, caf::exit_reason::user_shutdown);
    consume_messages();
    worker.waiters.clear();
    worker.waiting.clear();
  }

  void start() {
    store = sys.spawn(fake_store, &script);
    job_table table;
    table["import"] = [this](caf::actor_system& system) {
      return system.spawn(fake_worker, &worker);
    };
    supervisor = spawn_job_supervisor(sys, store, table, settings);
    consume_messages();
  }

  void finish_first(std::string state, std::int64_t delay_ms = 0, std::string reason = {}) {
    worker.answer = {worker.runs.front(), std::move(state), delay_ms, std::move(reason)};
    self->send(worker.waiters.front(), caf::ok_atom_v);
    worker.waiters.pop_front();
    consume_messages();
  }

  void pass(caf::timespan time) {
    advance_time(time);
    consume_messages();
  }

  job_settings settings;
  store_script script;
  worker_script worker;
  messages::job_store_actor store;
  messages::job_supervisor_actor supervisor;
};

} // namespace

#undef CAF_SUITE
#define CAF_SUITE retry_policy

CAF_TEST(waits the fourth power of the tries) {
  retry_policy policy;
  policy.jitter = 0;
  CAF_CHECK(policy.judge(job_fault::transient, 1, 0ms, 0.5)
            == (retry_decision{job_verdict::retry, 1s}));
  CAF_CHECK(policy.judge(job_fault::crashed, 5, 0ms, 0.5)
            == (retry_decision{job_verdict::retry, 625s}));
}

CAF_TEST(spreads delays by a tenth at most) {
  const retry_policy policy;
  CAF_CHECK(policy.backoff(3, 0.0) == 72'900ms);
  CAF_CHECK(policy.backoff(3, 0.5) == 81'000ms);
  CAF_CHECK(policy.backoff(3, 0.999999) <= 89'100ms);
}

CAF_TEST(caps the delay even where the power overflows) {
  retry_policy policy;
  policy.exponent = 40;
  CAF_CHECK(policy.backoff(20, 0.9) == policy.max_delay);
  CAF_CHECK(policy.backoff(0, 0.5) == 1s);
}

CAF_TEST(buries after the last try and at once when it is no use) {
  const retry_policy policy;
  CAF_CHECK(policy.judge(job_fault::transient, 19, 0ms, 0.5).verdict == job_verdict::retry);
  CAF_CHECK(policy.judge(job_fault::transient, 20, 0ms, 0.5).verdict == job_verdict::bury);
  CAF_CHECK(policy.judge(job_fault::crashed, 20, 0ms, 0.5).verdict == job_verdict::bury);
  CAF_CHECK(policy.judge(job_fault::permanent, 1, 0ms, 0.5).verdict == job_verdict::bury);
}

CAF_TEST(snoozes as long as the other side asks) {
  const retry_policy policy;
  CAF_CHECK(policy.judge(job_fault::rate_limited, 20, 90s, 0.5)
            == (retry_decision{job_verdict::snooze, 90s}));
  CAF_CHECK(policy.judge(job_fault::rate_limited, 1, 0ms, 0.5)
            == (retry_decision{job_verdict::snooze, policy.snooze}));
  CAF_CHECK(policy.judge(job_fault::rate_limited, 1, 9999h, 0.5).delay == policy.max_delay);
}

#undef CAF_SUITE
#define CAF_SUITE job_supervisor

CAF_TEST_FIXTURE_SCOPE(job_supervisor_tests, fixture)

CAF_TEST(runs due jobs at start but no more than it has slots) {
  for (int i = 0; i < 3; ++i)
    script.due.push_back(some_job());
  start();
  CAF_CHECK_EQUAL(worker.runs.size(), 2u);
  CAF_CHECK_EQUAL(script.due.size(), 1u);
  finish_first("finished");
  CAF_CHECK_EQUAL(worker.runs.size(), 3u);
  CAF_REQUIRE_EQUAL(script.ends.size(), 1u);
  CAF_CHECK_EQUAL(script.ends[0].state, "finished");
  CAF_CHECK_EQUAL(script.ends[0].claim.lease, 7);
}

CAF_TEST(looks again when it is woken and when the poll is due) {
  start();
  CAF_CHECK(worker.runs.empty());
  script.due.push_back(some_job());
  self->send(supervisor, messages::jobs_queued{});
  consume_messages();
  CAF_CHECK_EQUAL(worker.runs.size(), 1u);
  script.due.push_back(some_job());
  pass(settings.poll);
  CAF_CHECK_EQUAL(worker.runs.size(), 2u);
}

CAF_TEST(puts a job back with the delay of the policy) {
  script.due.push_back(some_job(3));
  start();
  finish_first("retry", 0, "no session");
  CAF_REQUIRE_EQUAL(script.ends.size(), 1u);
  CAF_CHECK_EQUAL(script.ends[0].state, "retry");
  CAF_CHECK_EQUAL(script.ends[0].delay_ms, 81'000);
  CAF_CHECK_EQUAL(script.ends[0].reason, "no session");
}

CAF_TEST(snoozes for as long as the worker says) {
  script.due.push_back(some_job(20));
  start();
  finish_first("snooze", 12'000);
  CAF_REQUIRE_EQUAL(script.ends.size(), 1u);
  CAF_CHECK_EQUAL(script.ends[0].state, "snooze");
  CAF_CHECK_EQUAL(script.ends[0].delay_ms, 12'000);
}

CAF_TEST(takes a worker that throws for a try and keeps going) {
  worker.throws = true;
  script.due.push_back(some_job());
  start();
  CAF_REQUIRE_EQUAL(script.ends.size(), 1u);
  CAF_CHECK_EQUAL(script.ends[0].state, "retry");
  CAF_CHECK_EQUAL(script.ends[0].delay_ms, 1'000);
  worker.throws = false;
  script.due.push_back(some_job(2));
  self->send(supervisor, messages::jobs_queued{});
  consume_messages();
  CAF_CHECK_EQUAL(worker.runs.size(), 2u);
}

CAF_TEST(tells the owner before the last try becomes a dead letter) {
  script.due.push_back(some_job(20));
  start();
  finish_first("retry", 0, "no session");
  CAF_REQUIRE_EQUAL(worker.burials.size(), 1u);
  CAF_CHECK_EQUAL(worker.burials[0].reason, "no session");
  CAF_REQUIRE_EQUAL(script.ends.size(), 1u);
  CAF_CHECK_EQUAL(script.ends[0].state, "dead");
  CAF_CHECK_EQUAL(script.ends[0].reason, "no session");
}

CAF_TEST(keeps a job whose owner could not be told) {
  worker.buries = false;
  script.due.push_back(some_job(20));
  start();
  finish_first("retry", 0, "no session");
  CAF_REQUIRE_EQUAL(script.ends.size(), 1u);
  CAF_CHECK_EQUAL(script.ends[0].state, "retry");
  CAF_CHECK_EQUAL(script.ends[0].delay_ms, settings.retry.snooze.count());
}

CAF_TEST(buries a job whose runners died at every try without running it again) {
  script.due.push_back(some_job(21));
  start();
  CAF_CHECK(worker.runs.empty());
  CAF_CHECK_EQUAL(worker.burials.size(), 1u);
  CAF_REQUIRE_EQUAL(script.ends.size(), 1u);
  CAF_CHECK_EQUAL(script.ends[0].state, "dead");
}

CAF_TEST(puts back kinds that it does not know) {
  auto strange = some_job(1);
  strange.kind = "sing";
  script.due.push_back(strange);
  strange.attempt = 20;
  strange.job_id = domain::make_uuid_v7();
  script.due.push_back(strange);
  start();
  CAF_REQUIRE_EQUAL(script.ends.size(), 2u);
  CAF_CHECK_EQUAL(script.ends[0].state, "retry");
  CAF_CHECK_EQUAL(script.ends[1].state, "dead");
}

CAF_TEST(renews leases while jobs run) {
  script.due.push_back(some_job());
  start();
  for (int i = 0; i < 20; ++i)
    pass(settings.poll);
  CAF_CHECK(script.renewals.size() >= 5);
  CAF_CHECK_EQUAL(worker.alive.size(), 1u);
}

CAF_TEST(kills a job whose lease another runner took) {
  script.due.push_back(some_job());
  start();
  script.holds_lease = false;
  for (int i = 0; i < 3; ++i)
    pass(settings.poll);
  CAF_CHECK(worker.alive.empty());
  CAF_CHECK(script.ends.empty());
}

CAF_TEST(kills a job whose lease could not be renewed in time) {
  script.due.push_back(some_job());
  start();
  script.answers = false;
  for (int i = 0; i < 7; ++i)
    pass(settings.poll);
  CAF_CHECK(worker.alive.empty());
}

CAF_TEST(repeats an end that the store did not take and claims again after) {
  script.due.push_back(some_job());
  start();
  script.answers = false;
  finish_first("finished");
  CAF_CHECK(script.ends.empty());
  script.answers = true;
  pass(settings.poll);
  CAF_REQUIRE_EQUAL(script.ends.size(), 1u);
  CAF_CHECK_EQUAL(script.ends[0].state, "finished");
  script.due.push_back(some_job());
  pass(settings.poll);
  CAF_CHECK_EQUAL(worker.runs.size(), 2u);
}

CAF_TEST(takes a job that runs too long for a crash) {
  settings.longest = 60s;
  script.due.push_back(some_job());
  start();
  for (int i = 0; i < 13; ++i)
    pass(settings.poll);
  CAF_CHECK(worker.alive.empty());
  CAF_REQUIRE_EQUAL(script.ends.size(), 1u);
  CAF_CHECK_EQUAL(script.ends[0].state, "retry");
}

CAF_TEST(gives running jobs back when it stops) {
  script.due.push_back(some_job());
  start();
  anon_send_exit(supervisor, caf::exit_reason::user_shutdown);
  consume_messages();
  CAF_CHECK(worker.alive.empty());
  CAF_REQUIRE_EQUAL(script.ends.size(), 1u);
  CAF_CHECK_EQUAL(script.ends[0].state, "snooze");
  CAF_CHECK_EQUAL(script.ends[0].delay_ms, 0);
}

CAF_TEST_FIXTURE_SCOPE_END()
