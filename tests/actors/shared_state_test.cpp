#include "actors/limits/shared_state.hpp"

#define CAF_SUITE shared_state
#include "caf/test/dsl.hpp"

#include <caf/event_based_actor.hpp>

using namespace spotter;
using namespace spotter::actors;
using namespace std::chrono_literals;
using messages::tokens_taken;

namespace {

/// How the store is to behave.
struct store_script {
  bool answers = true;
  bool fails = false;
  int asked = 0;
  int probes = 0;
  std::vector<caf::typed_response_promise<tokens_taken>> held;
};

messages::shared_state_actor::behavior_type fake_store(messages::shared_state_actor::pointer self,
                                                       store_script* script) {
  return {
    [self, script](const messages::take_tokens& what) -> caf::result<tokens_taken> {
      ++script->asked;
      if (script->fails)
        return caf::make_error(caf::sec::connection_closed);
      if (!script->answers) {
        script->held.push_back(self->make_response_promise<tokens_taken>());
        return script->held.back();
      }
      tokens_taken out;
      out.granted = what.cost;
      out.limit = 4242; // which only the store says
      return out;
    },
    [](const messages::count_attempts&) { return messages::attempts_counted{}; },
    [](const messages::forgive_attempts&) {},
    [](const messages::get_cached&) { return messages::cached_value{}; },
    [](const messages::keep&) {},
    [script](messages::get_health) -> messages::health {
      ++script->probes;
      return {"store", script->answers && !script->fails, {}};
    },
  };
}

struct fixture : test_coordinator_fixture<> {
  store_script script;
  messages::shared_state_actor store;
  messages::shared_state_actor state;

  ~fixture() {
    caf::anon_send_exit(state, caf::exit_reason::user_shutdown);
    consume_messages();
    script.held.clear();
  }

  void start(bool with_store) {
    shared_state_settings settings;
    if (with_store)
      settings.store = store = sys.spawn(fake_store, &script);
    state = spawn_shared_state(sys, settings);
    consume_messages();
  }

  /// Takes one of `quota` a minute; the answer comes into `answers`.
  void take(std::int32_t quota = 100) {
    messages::take_tokens what;
    what.key = "a";
    what.quota = what.burst = quota;
    sys.spawn([this, what](caf::event_based_actor* asker) {
      asker->request(state, caf::infinite, what).then([this](const tokens_taken& taken) {
        answers.push_back(taken);
      });
    });
    consume_messages();
  }

  [[nodiscard]] bool last_from_store() const { return answers.back().limit == 4242; }

  std::vector<tokens_taken> answers;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(shared_state_tests, fixture)

CAF_TEST(without a store this process decides) {
  start(false);
  take(1);
  take(1);
  CAF_REQUIRE_EQUAL(answers.size(), 2u);
  CAF_CHECK_EQUAL(answers[0].granted, 1);
  CAF_CHECK_EQUAL(answers[1].granted, 0);
}

CAF_TEST(the store decides while it answers) {
  start(true);
  take(1);
  take(1);
  CAF_REQUIRE_EQUAL(answers.size(), 2u);
  CAF_CHECK(last_from_store());
  CAF_CHECK_EQUAL(script.asked, 2);
}

CAF_TEST(a frozen store costs who waits the time out and then nobody anything) {
  start(true);
  script.answers = false;
  take();
  take();
  CAF_CHECK(answers.empty());
  sched.advance_time(100ms);
  consume_messages();
  CAF_CHECK_EQUAL(answers.size(), 2u);
  const auto asked = script.asked;
  for (int i = 0; i < 10; ++i)
    take();
  CAF_CHECK_EQUAL(answers.size(), 12u);
  CAF_CHECK_EQUAL(script.asked, asked);
}

CAF_TEST(a lost store is replaced by counters of this process) {
  start(true);
  script.fails = true;
  take(2);
  take(2);
  take(2);
  CAF_REQUIRE_EQUAL(answers.size(), 3u);
  CAF_CHECK(!last_from_store());
  CAF_CHECK_EQUAL(answers[1].granted, 1);
  CAF_CHECK_EQUAL(answers[2].granted, 0);
  CAF_CHECK_EQUAL(script.asked, 1);
}

CAF_TEST(a lost store is asked with growing pauses and used again when it is back) {
  start(true);
  script.fails = true;
  take();
  const auto pass = [this](std::chrono::milliseconds time) {
    for (; time > 0ms; time -= 50ms) {
      sched.advance_time(50ms);
      consume_messages();
    }
  };
  pass(100ms);
  CAF_CHECK_EQUAL(script.probes, 1);
  pass(200ms);
  CAF_CHECK_EQUAL(script.probes, 2);
  pass(60s);
  CAF_CHECK(script.probes >= 10);
  CAF_CHECK(script.probes <= 20);
  take();
  CAF_CHECK(!last_from_store());
  script.fails = false;
  pass(5s);
  take();
  CAF_CHECK(last_from_store());
}

CAF_TEST(a node that counts alone is still ready) {
  start(true);
  script.fails = true;
  take();
  bool ready = false;
  sys.spawn([this, &ready](caf::event_based_actor* asker) {
    asker->request(state, caf::infinite, messages::get_health{})
      .then([&ready](const messages::health& is) { ready = is.ready; });
  });
  consume_messages();
  CAF_CHECK(ready);
}

CAF_TEST_FIXTURE_SCOPE_END()
