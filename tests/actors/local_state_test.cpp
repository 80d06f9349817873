#include "actors/limits/local_state.hpp"

#define CAF_SUITE local_state
#include "caf/test/dsl.hpp"

using namespace spotter;
using namespace spotter::actors;
using namespace std::chrono_literals;

namespace {

constexpr limit_time begin{1'000'000'000};

messages::take_tokens one(std::string key, std::int32_t quota = 60) {
  messages::take_tokens what;
  what.key = std::move(key);
  what.quota = what.burst = quota;
  return what;
}

messages::count_attempts attempt(std::string key) {
  messages::attempt_counter rule;
  rule.key = std::move(key);
  return {{rule}};
}

local_bounds small() {
  local_bounds out;
  out.buckets = out.counters = 100;
  out.cache = {10'000, 2'000};
  return out;
}

} // namespace

CAF_TEST(keys have buckets of their own) {
  local_state s{small()};
  CAF_CHECK_EQUAL(s.take(one("a", 1), begin).granted, 1);
  CAF_CHECK_EQUAL(s.take(one("a", 1), begin).granted, 0);
  CAF_CHECK_EQUAL(s.take(one("b", 1), begin).granted, 1);
}

CAF_TEST(ten thousand strangers do not make the table larger nor flush a spent bucket) {
  local_state s{small()};
  auto all = one("victim");
  all.cost = 60;
  CAF_CHECK_EQUAL(s.take(all, begin).granted, 60);
  for (int i = 0; i < 10'000; ++i)
    CAF_CHECK_EQUAL(s.take(one("stranger " + std::to_string(i)), begin).granted, 1);
  CAF_CHECK(s.counters() <= 100);
  CAF_CHECK_EQUAL(s.take(one("victim"), begin).granted, 0);
}

CAF_TEST(strangers do not flush counted failures) {
  local_state s{small()};
  for (int i = 0; i < 3; ++i)
    s.count(attempt("victim"), begin + i * 10s);
  for (int i = 0; i < 10'000; ++i)
    s.count(attempt("stranger " + std::to_string(i)), begin + 30s);
  CAF_CHECK(s.counters() <= 100);
  const auto next = s.count(attempt("victim"), begin + 40s);
  CAF_CHECK_EQUAL(next.states.front().attempts, 4);
}

CAF_TEST(what has refilled or was forgotten leaves the table) {
  local_state s{small()};
  s.take(one("a"), begin);
  s.count(attempt("a"), begin);
  s.sweep(begin + 500ms);
  CAF_CHECK_EQUAL(s.counters(), 2u);
  s.sweep(begin + 1s);
  CAF_CHECK_EQUAL(s.counters(), 1u);
  s.sweep(begin + 24h);
  CAF_CHECK_EQUAL(s.counters(), 0u);
}

CAF_TEST(success forgives) {
  local_state s{small()};
  s.count(attempt("a"), begin);
  CAF_CHECK(!s.count(attempt("a"), begin).states.front().allowed);
  s.forgive({"a", 0}, begin);
  CAF_CHECK_EQUAL(s.counters(), 0u);
  CAF_CHECK(s.count(attempt("a"), begin).states.front().allowed);
}

CAF_TEST(the cache keeps what was used last within its bytes) {
  local_state s{small()};
  const std::string page(1'000, 'x');
  for (int i = 0; i < 100; ++i) {
    s.keep({std::to_string(i), page, 60'000}, begin);
    CAF_CHECK(s.find({"0"}, begin).found);
    CAF_CHECK(s.cached_bytes() <= 10'000);
  }
  CAF_CHECK(s.find({"99"}, begin).found);
  CAF_CHECK(!s.find({"1"}, begin).found);
  CAF_CHECK_EQUAL(s.find({"0"}, begin).value.view(), page);
}

CAF_TEST(the cache forgets in time and refuses what is too large) {
  local_state s{small()};
  s.keep({"a", std::string{"x"}, 1'000}, begin);
  s.keep({"b", std::string(2'001, 'x'), 1'000}, begin);
  CAF_CHECK(s.find({"a"}, begin + 999ms).found);
  CAF_CHECK(!s.find({"a"}, begin + 1s).found);
  CAF_CHECK(!s.find({"b"}, begin).found);
}
