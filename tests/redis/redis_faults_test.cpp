// Redis goes away under load: what is under way waits for the time-out and no longer, then nothing
// waits at all; when it is back, it counts again.

#include "actors/limits/shared_state.hpp"

#include "persistence/redis/redis_store.hpp"
#include "tests/redis/redis_server.hpp"

#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/telemetry/metric_registry.hpp>

#define CAF_SUITE redis_faults
#include "caf/test/dsl.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>

using namespace spotter;
using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;

namespace {

constexpr auto time_out = 100ms;

// On top of the time-out, for the scheduler of a busy machine.
constexpr auto slack = 400ms;

/// What the load saw since it was last looked at.
struct sample {
  std::vector<double> milliseconds;
  int failed = 0;

  sample& operator+=(const sample& more) {
    milliseconds.insert(milliseconds.end(), more.milliseconds.begin(), more.milliseconds.end());
    failed += more.failed;
    return *this;
  }
};

/// Asks for tokens with 64 requests under way at any time.
class load {
public:
  load(caf::actor_system& system, messages::shared_state_actor to) : to_(std::move(to)) {
    asker_ = system.spawn([this](caf::event_based_actor* self) -> caf::behavior {
      for (int i = 0; i < 64; ++i)
        ask(self);
      return {[](caf::ok_atom) {}};
    });
  }

  ~load() {
    going_ = false;
    caf::scoped_actor self{asker_.home_system()};
    self->send_exit(asker_, caf::exit_reason::user_shutdown);
    self->wait_for(asker_);
  }

  /// Waits for `count` more answers, and tells how long each took.
  sample next(std::size_t count) {
    sample out;
    while (out.milliseconds.size() < count) {
      {
        const std::lock_guard guard{mutex_};
        out += seen_;
        seen_ = {};
      }
      std::this_thread::yield();
    }
    return out;
  }

private:
  void ask(caf::event_based_actor* self) {
    messages::take_tokens what;
    what.key = "key " + std::to_string(++number_ % 1'000);
    what.quota = what.burst = 1'000'000;
    const auto begin = clock_type::now();
    const auto done = [this, self, begin](bool failed) {
      const std::chrono::duration<double, std::milli> took = clock_type::now() - begin;
      {
        const std::lock_guard guard{mutex_};
        seen_.milliseconds.push_back(took.count());
        seen_.failed += failed ? 1 : 0;
      }
      if (going_)
        ask(self);
    };
    self->request(to_, caf::infinite, what)
      .then([done](const messages::tokens_taken& taken) { done(taken.granted != 1); },
            [done](const caf::error&) { done(true); });
  }

  messages::shared_state_actor to_;
  caf::actor asker_;
  std::atomic<bool> going_{true};
  std::uint64_t number_ = 0;
  std::mutex mutex_;
  sample seen_;
};

double longest(const sample& of) {
  return *std::max_element(of.milliseconds.begin(), of.milliseconds.end());
}

double share_over(const sample& of, double milliseconds) {
  const auto n = std::count_if(of.milliseconds.begin(), of.milliseconds.end(),
                               [=](double took) { return took > milliseconds; });
  return static_cast<double>(n) / static_cast<double>(of.milliseconds.size());
}

struct fixture {
  tests::redis_server server;
  caf::actor_system_config config;
  caf::actor_system system{config};
  messages::shared_state_actor state = start();

  ~fixture() { caf::anon_send_exit(state, caf::exit_reason::user_shutdown); }

  messages::shared_state_actor start() {
    persistence::redis_settings redis;
    redis.where = *persistence::parse_redis_address(server.url());
    redis.time_out = time_out;
    actors::shared_state_settings settings;
    settings.store = persistence::spawn_redis_store(system, redis);
    settings.time_out = time_out;
    return spawn_shared_state(system, settings);
  }

  [[nodiscard]] bool up() {
    return system.metrics().gauge_singleton("spotter", "shared-state-up", "")->value() == 1;
  }

  /// What the load sees until then.
  sample wait_until(bool wanted, load& on) {
    sample out;
    const auto end = clock_type::now() + 30s;
    while (up() != wanted) {
      out += on.next(1);
      if (clock_type::now() > end)
        CAF_FAIL("the store never was " << (wanted ? "back" : "away"));
    }
    return out;
  }

  /// Breaks Redis under load, and mends it.
  void run(const std::function<void()>& breaks, const std::function<void()>& mends) {
    load on{system, state};
    const auto before = on.next(5'000);
    CAF_CHECK(up());
    breaks();
    auto during = wait_until(false, on);
    during += on.next(1'000);
    const auto after = on.next(20'000);
    CAF_MESSAGE("longest before " << longest(before) << " ms, while it broke " << longest(during)
                                  << " ms, after " << longest(after) << " ms");
    const std::chrono::duration<double, std::milli> most = time_out + slack;
    CAF_CHECK(longest(during) < most.count());
    // Nobody waits for Redis any more, not even those who ask while it is tried again.
    CAF_CHECK(share_over(after, 50) < 0.001);
    CAF_CHECK_EQUAL(before.failed + during.failed + after.failed, 0);
    CAF_CHECK(!up());
    mends();
    wait_until(true, on);
    CAF_CHECK_EQUAL(on.next(5'000).failed, 0);
    CAF_CHECK(up());
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(redis_faults_tests, fixture)

CAF_TEST(a killed Redis stops nobody and counts again when it is back) {
  run([this] { server.kill(); }, [this] { server.start(); });
}

CAF_TEST(a frozen Redis costs the time out once) {
  run([this] { server.freeze(); }, [this] { server.thaw(); });
}

CAF_TEST_FIXTURE_SCOPE_END()
