#include "actors/limits/gcra.hpp"

#include "actors/limits/growing_wait.hpp"

#define CAF_SUITE gcra
#include "caf/test/dsl.hpp"

#include <random>

using namespace spotter;
using namespace spotter::actors;
using namespace std::chrono_literals;

namespace {

/// A bucket at a time that the test moves.
struct bucket {
  token_rate rate;
  limit_time full_at{0};
  limit_time now{1'000'000'000};

  messages::tokens_taken take(std::int32_t cost = 1, std::int32_t least = 1) {
    const auto verdict = actors::take(rate, full_at, now, cost, least);
    full_at = verdict.full_at;
    return verdict.taken;
  }
};

token_rate a_minute(std::int32_t quota, std::int32_t burst) {
  messages::take_tokens what;
  what.quota = quota;
  what.burst = burst;
  return token_rate::of(what);
}

} // namespace

CAF_TEST(a full bucket grants its burst and then as fast as it refills) {
  bucket b{a_minute(60, 5)};
  for (int i = 0; i < 5; ++i)
    CAF_CHECK_EQUAL(b.take().granted, 1);
  const auto refused = b.take();
  CAF_CHECK_EQUAL(refused.granted, 0);
  CAF_CHECK_EQUAL(refused.remaining, 0);
  CAF_CHECK_EQUAL(refused.retry_after_ms, 1000);
  b.now += 999ms;
  CAF_CHECK_EQUAL(b.take().granted, 0);
  b.now += 1ms;
  CAF_CHECK_EQUAL(b.take().granted, 1);
  CAF_CHECK_EQUAL(b.take().granted, 0);
}

CAF_TEST(who comes back when told is let in) {
  bucket b{a_minute(7, 3)};
  for (int i = 0; i < 100; ++i) {
    const auto taken = b.take();
    if (taken.granted == 0) {
      b.now += std::chrono::milliseconds{taken.retry_after_ms};
      CAF_CHECK_EQUAL(b.take().granted, 1);
    }
  }
}

CAF_TEST(a part of the cost is granted down to the least) {
  bucket b{a_minute(600, 10)};
  CAF_CHECK_EQUAL(b.take(7, 1).granted, 7);
  CAF_CHECK_EQUAL(b.take(7, 4).granted, 0);
  CAF_CHECK_EQUAL(b.take(7, 3).granted, 3);
  CAF_CHECK_EQUAL(b.take(1, 1).granted, 0);
}

CAF_TEST(looking takes nothing) {
  bucket b{a_minute(60, 5)};
  b.take(2);
  const auto seen = b.take(0);
  CAF_CHECK_EQUAL(seen.granted, 0);
  CAF_CHECK_EQUAL(seen.remaining, 3);
  CAF_CHECK_EQUAL(seen.retry_after_ms, 0);
  CAF_CHECK_EQUAL(seen.reset_ms, 2000);
  CAF_CHECK_EQUAL(b.take(5).granted, 3);
}

CAF_TEST(a refusal costs nothing) {
  bucket b{a_minute(60, 1)};
  b.take();
  for (int i = 0; i < 1000; ++i)
    CAF_CHECK_EQUAL(b.take().granted, 0);
  b.now += 1s;
  CAF_CHECK_EQUAL(b.take().granted, 1);
}

CAF_TEST(no window grants more than burst and refill) {
  std::mt19937 random{7};
  bucket b{a_minute(600, 20)};
  const auto begin = b.now;
  std::int64_t granted = 0;
  for (int i = 0; i < 100'000; ++i) {
    b.now += std::chrono::microseconds{random() % 50'000};
    granted += b.take(static_cast<std::int32_t>(random() % 8)).granted;
    const auto most = 20 + (b.now - begin) / b.rate.emission;
    if (granted > most)
      CAF_FAIL("granted " << granted << " of " << most);
  }
}

CAF_TEST(a clock that steps back or numbers without sense harm nobody for long) {
  bucket b{a_minute(0, 0)};
  CAF_CHECK_EQUAL(b.take().limit, 1);
  b.now -= 3600s;
  CAF_CHECK(b.take().retry_after_ms <= 60'000);
  messages::take_tokens odd;
  odd.window_ms = 0;
  CAF_CHECK(token_rate::of(odd).emission > 0us);
}

CAF_TEST(waits double up to the longest and end in a rest) {
  messages::attempt_counter rule;
  rule.free = 3;
  rule.first_wait_ms = 1'000;
  rule.longest_wait_ms = 60'000;
  rule.most = 100;
  rule.rest_ms = 86'400'000;
  CAF_CHECK_EQUAL(wait_after(rule, 3), 0ms);
  CAF_CHECK_EQUAL(wait_after(rule, 4), 1s);
  CAF_CHECK_EQUAL(wait_after(rule, 5), 2s);
  CAF_CHECK_EQUAL(wait_after(rule, 10), 60s);
  CAF_CHECK_EQUAL(wait_after(rule, 99), 60s);
  CAF_CHECK_EQUAL(wait_after(rule, 100), 24h);
}

CAF_TEST(nobody gets more than a hundred attempts in a day) {
  messages::attempt_counter rule;
  rule.free = 10;
  attempts_made known;
  limit_time now{1};
  int allowed = 0;
  for (; now < limit_time{24h}; now += 1s)
    allowed += count_attempt(rule, known, now).allowed ? 1 : 0;
  CAF_CHECK(allowed <= 100);
  CAF_CHECK(allowed > 50);
}

CAF_TEST(attempts within the wait are not counted and success takes one back) {
  messages::attempt_counter rule;
  rule.free = 1;
  attempts_made known;
  const limit_time now{1};
  CAF_CHECK(count_attempt(rule, known, now).allowed);
  CAF_CHECK(count_attempt(rule, known, now).allowed);
  const auto refused = count_attempt(rule, known, now);
  CAF_CHECK(!refused.allowed);
  CAF_CHECK_EQUAL(refused.attempts, 2);
  CAF_CHECK_EQUAL(refused.wait_ms, 1000);
  forgive(known, 1);
  CAF_CHECK_EQUAL(known.count, 1);
  CAF_CHECK(count_attempt(rule, known, now).allowed);
  rule.counts = false;
  CAF_CHECK(!count_attempt(rule, known, now).allowed);
  CAF_CHECK_EQUAL(known.count, 2);
  forgive(known, 0);
  CAF_CHECK(count_attempt(rule, known, now).allowed);
  CAF_CHECK_EQUAL(known.count, 0);
}
