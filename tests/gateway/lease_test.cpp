#include "gateway/limits/lease.hpp"

#include "gateway/limits/limiter.hpp"

#define CAF_SUITE lease
#include "caf/test/dsl.hpp"

using namespace spotter;
using namespace spotter::gateway;
using namespace std::chrono_literals;

namespace {

/// The actor that counts, with so many tokens left.
struct counter {
  std::int32_t tokens;

  messages::tokens_taken take(std::int32_t count) {
    messages::tokens_taken out;
    out.granted = std::min(count, tokens);
    tokens -= out.granted;
    out.remaining = tokens;
    out.retry_after_ms = out.granted == 0 ? 5'000 : 0;
    return out;
  }
};

const steady::time_point start = steady::time_point{} + 1h;

} // namespace

CAF_TEST(asks once for many requests) {
  counter all{1'000'000};
  lease held{100};
  int asked = 0;
  for (int i = 0; i < 10'000; ++i) {
    const auto verdict = held.take(start);
    CAF_CHECK(verdict.granted);
    if (verdict.ask_for > 0) {
      ++asked;
      held.answered(all.take(verdict.ask_for), start);
    }
  }
  CAF_CHECK(asked <= 202);
  CAF_CHECK(1'000'000 - all.tokens >= 10'000);
}

CAF_TEST(grants no more than there is but for one chunk) {
  for (const std::int32_t chunk : {1, 7, 100}) {
    counter all{300};
    lease held{chunk};
    int granted = 0;
    for (int i = 0; i < 1'000; ++i) {
      const auto verdict = held.take(start);
      granted += verdict.granted ? 1 : 0;
      if (verdict.ask_for > 0)
        held.answered(all.take(verdict.ask_for), start);
    }
    CAF_CHECK(granted >= 300);
    CAF_CHECK(granted <= 300 + chunk);
    CAF_CHECK_EQUAL(held.left(300), 0);
    CAF_CHECK_EQUAL(held.retry_after(start), 5s);
  }
}

CAF_TEST(asks nobody about an account that does little) {
  lease held{10};
  for (int i = 0; i < 4; ++i)
    CAF_CHECK_EQUAL(held.take(start).ask_for, 0);
  CAF_CHECK_EQUAL(held.left(1'000), 996);
  CAF_CHECK_EQUAL(held.take(start).ask_for, 15);
}

CAF_TEST(pays its credit back before it grants again) {
  counter all{0};
  lease held{10};
  std::int32_t asked = 0;
  for (int i = 0; i < 10; ++i) {
    const auto verdict = held.take(start);
    CAF_CHECK(verdict.granted);
    asked += verdict.ask_for;
  }
  CAF_CHECK(!held.take(start).granted);
  held.answered(all.take(asked), start);
  CAF_CHECK(!held.take(start + 4s).granted);
  all.tokens = 10;
  const auto verdict = held.take(start + 5s);
  CAF_CHECK(!verdict.granted);
  CAF_CHECK_EQUAL(verdict.ask_for, 20);
  held.answered(all.take(verdict.ask_for), start + 5s);
  CAF_CHECK_EQUAL(all.tokens, 0);
  CAF_CHECK(held.take(start + 5s).granted);
}

CAF_TEST(lets requests through when nobody counts) {
  lease held{10};
  int granted = 0;
  for (int i = 0; i < 100; ++i) {
    const auto verdict = held.take(start);
    granted += verdict.granted ? 1 : 0;
    if (verdict.ask_for > 0)
      held.unanswered();
  }
  CAF_CHECK_EQUAL(granted, 100);
}

CAF_TEST(is forgotten when nobody uses it) {
  lease held{1};
  const auto verdict = held.take(start);
  CAF_CHECK(!held.is_idle(start + 1h));
  held.answered(counter{100}.take(verdict.ask_for), start);
  CAF_CHECK(!held.is_idle(start + 59s));
  CAF_CHECK(held.is_idle(start + 61s));
}

CAF_TEST(a network of IPv6 counts as one address) {
  const auto group = [](const char* text) { return address_group(net::ip::make_address(text)); };
  CAF_CHECK_EQUAL(group("192.0.2.7"), "192.0.2.7");
  CAF_CHECK_EQUAL(group("::ffff:192.0.2.7"), "192.0.2.7");
  CAF_CHECK_EQUAL(group("2001:db8:1:2:3:4:5:6"), group("2001:db8:1:2::9"));
  CAF_CHECK(group("2001:db8:1:2::9") != group("2001:db8:1:3::9"));
}

CAF_TEST(says its limit as the draft has it) {
  allowance how;
  how.quota = 60;
  how.left = 12;
  how.reset = 1'500ms;
  std::string out;
  how.append_headers(out, limit_kind::write);
  CAF_CHECK_EQUAL(out,
                  "RateLimit-Policy: \"write\";q=60;w=60\r\nRateLimit: \"write\";r=12;t=2\r\n");
  out.clear();
  allowance{}.append_headers(out, limit_kind::write);
  CAF_CHECK(out.empty());
}
