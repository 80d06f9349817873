#include "actors/identity/password_pool.hpp"

#include "actors/identity/password.hpp"
#include "actors/messages/all.hpp"

#define CAF_SUITE password_pool
#include "caf/test/dsl.hpp"

using namespace spotter;
using namespace spotter::actors::identity;
using namespace std::chrono_literals;
using messages::failure_code;

namespace {

/// The least that libsodium does.
constexpr password_cost cheap{1, 8'192};

/// The workers that have a job, which the test ends.
struct worker_script {
  std::vector<messages::password_actor> running;
  int made = 0;
  crowd_flag crowded; // as the workers see it
};

struct slow_worker_state {
  slow_worker_state(messages::password_actor::pointer self, worker_script* script)
    : self_(self), script_(script) {}

  messages::password_actor::behavior_type make_behavior() {
    return {
      [this](const messages::hash_password& ask) {
        if (ask.password == "poison")
          throw std::runtime_error("poisoned");
        promise_ = self_->make_response_promise<messages::password_hashed>();
        script_->running.emplace_back(self_);
        return promise_;
      },
      [this](const messages::check_password&) { // the test's word to end the job
        promise_.deliver(messages::password_hashed{"done", {}});
        return messages::password_checked{};
      },
    };
  }

  messages::password_actor::pointer self_;
  worker_script* script_;
  caf::typed_response_promise<messages::password_hashed> promise_;
};

struct fixture : test_coordinator_fixture<> {
  worker_script script;
  messages::password_actor pool;

  ~fixture() override {
    script.running.clear();
    caf::anon_send_exit(pool, caf::exit_reason::user_shutdown);
  }

  void start(std::size_t workers, std::size_t max_queued) {
    password_settings settings;
    settings.workers = workers;
    settings.max_queued = max_queued;
    pool = spawn_password_pool(sys, settings, [this](auto* parent, const crowd_flag& crowded) {
      ++script.made;
      script.crowded = crowded;
      return parent->template spawn<messages::password_actor::stateful_impl<slow_worker_state>>(
        &script);
    });
    consume_messages();
  }

  auto send(const std::string& password) {
    auto pending = self->request(pool, caf::infinite, messages::hash_password{password});
    consume_messages();
    return pending;
  }

  void end_one() {
    const auto worker = script.running.at(0);
    script.running.erase(script.running.begin());
    caf::anon_send(worker, messages::check_password{});
    consume_messages();
  }

  template <class Pending>
  messages::password_hashed answer_to(Pending& pending) {
    messages::password_hashed answer;
    pending.receive([&](const messages::password_hashed& got) { answer = got; },
                    [](const caf::error& error) { CAF_FAIL("no answer: " << error); });
    return answer;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(password_pool_tests, fixture)

CAF_TEST(no more hashes run at once than there are workers) {
  start(2, 8);
  auto a = send("a"), b = send("b"), c = send("c");
  CAF_CHECK_EQUAL(script.running.size(), 2u);
  end_one();
  CAF_CHECK_EQUAL(script.running.size(), 2u);
  end_one();
  end_one();
  for (auto* pending : {&a, &b, &c})
    CAF_CHECK_EQUAL(answer_to(*pending).hash, "done");
}

CAF_TEST(workers know whether others wait when they begin) {
  start(1, 8);
  auto a = send("a");
  CAF_CHECK(!script.crowded->load());
  auto b = send("b"), c = send("c");
  end_one(); // b begins, and c waits
  CAF_CHECK(script.crowded->load());
  end_one();
  CAF_CHECK(!script.crowded->load());
  end_one();
  for (auto* pending : {&a, &b, &c})
    CAF_CHECK(!answer_to(*pending).problem);
}

CAF_TEST(what exceeds the queue is refused at once and told when to come back) {
  start(1, 2);
  auto a = send("a"), b = send("b"), c = send("c"), d = send("d");
  const auto refused = answer_to(d);
  CAF_REQUIRE(refused.problem.has_value());
  CAF_CHECK(refused.problem->code == failure_code::overloaded);
  CAF_CHECK_EQUAL(refused.problem->retry_after_ms, 2'000);
  end_one();
  auto e = send("e");
  for (int i = 0; i < 3; ++i)
    end_one();
  for (auto* pending : {&a, &b, &c, &e})
    CAF_CHECK(!answer_to(*pending).problem);
}

CAF_TEST(what has waited too long is refused instead of run) {
  start(1, 8);
  auto a = send("a"), b = send("b");
  sched.clock().current_time += 11s;
  end_one();
  CAF_CHECK_EQUAL(answer_to(a).hash, "done");
  const auto late = answer_to(b);
  CAF_REQUIRE(late.problem.has_value());
  CAF_CHECK(late.problem->code == failure_code::overloaded);
  CAF_CHECK(script.running.empty());
}

CAF_TEST(a crashed worker is replaced and its request answered) {
  start(1, 8);
  auto crashed = send("poison");
  const auto answer = answer_to(crashed);
  CAF_REQUIRE(answer.problem.has_value());
  CAF_CHECK(answer.problem->code == failure_code::internal);
  CAF_CHECK_EQUAL(script.made, 2);
  auto next = send("next");
  end_one();
  CAF_CHECK_EQUAL(answer_to(next).hash, "done");
}

CAF_TEST(a crash does not cost the requests that wait) {
  start(1, 8);
  auto a = send("a"), poison = send("poison"), b = send("b");
  end_one();
  end_one();
  CAF_CHECK_EQUAL(answer_to(a).hash, "done");
  CAF_CHECK(answer_to(poison).problem.has_value());
  CAF_CHECK_EQUAL(answer_to(b).hash, "done");
}

CAF_TEST_FIXTURE_SCOPE_END()

CAF_TEST(a hash is argon2id and matches its own password only) {
  const auto hash = make_password_hash("correct horse", cheap);
  CAF_CHECK_EQUAL(hash.substr(0, 10), "$argon2id$");
  CAF_CHECK(password_matches("correct horse", hash));
  CAF_CHECK(!password_matches("correct horsf", hash));
  CAF_CHECK(!password_matches("correct horse", "rubbish"));
  CAF_CHECK_NOT_EQUAL(hash, make_password_hash("correct horse", cheap));
}

CAF_TEST(a password may hold any byte) {
  const std::string password{"before\0after", 12};
  const auto hash = make_password_hash(password, cheap);
  CAF_CHECK(password_matches(password, hash));
  CAF_CHECK(!password_matches(std::string{"before\0other", 12}, hash));
}

CAF_TEST(a real worker hashes and checks on its own thread) {
  caf::actor_system_config config;
  caf::actor_system system{config};
  password_settings settings;
  settings.cost = cheap;
  auto pool = spawn_password_pool(system, settings);
  caf::scoped_actor self{system};
  auto lost = [](const caf::error& error) { CAF_FAIL("no answer: " << error); };
  std::string hash;
  self->request(pool, caf::infinite, messages::hash_password{"correct horse"})
    .receive([&](const messages::password_hashed& answer) { hash = answer.hash; }, lost);
  self->request(pool, caf::infinite, messages::check_password{"correct horse", hash})
    .receive([&](const messages::password_checked& answer) { CAF_CHECK(answer.matches); }, lost);
  self->request(pool, caf::infinite, messages::check_password{"wrong horse", hash})
    .receive([&](const messages::password_checked& answer) { CAF_CHECK(!answer.matches); }, lost);
  self->send_exit(pool, caf::exit_reason::user_shutdown);
}
