#include "actors/limits/growing_wait.hpp"

#include <algorithm>

namespace spotter::actors {

using std::chrono::milliseconds;

milliseconds wait_after(const messages::attempt_counter& rule, std::int32_t n) noexcept {
  if (n >= rule.most)
    return milliseconds{rule.rest_ms};
  if (n <= rule.free)
    return milliseconds{0};
  const auto doublings = std::min(n - rule.free - 1, 30);
  const auto wait = static_cast<std::int64_t>(rule.first_wait_ms) << doublings;
  return milliseconds{std::min<std::int64_t>(wait, rule.longest_wait_ms)};
}

messages::attempt_state count_attempt(const messages::attempt_counter& rule, attempts_made& known,
                                      limit_time now) noexcept {
  if (known.forgotten <= now)
    known = {};
  messages::attempt_state out;
  out.allowed = known.next <= now;
  if (out.allowed && rule.counts) {
    ++known.count;
    known.next = now + wait_after(rule, known.count);
    known.forgotten = std::max<limit_time>(known.next, now + milliseconds{rule.forget_ms});
  }
  out.attempts = known.count;
  const auto wait = std::chrono::ceil<milliseconds>(known.next - now).count();
  out.wait_ms = static_cast<std::int32_t>(std::max<std::int64_t>(wait, 0));
  return out;
}

void forgive(attempts_made& known, std::int32_t count) noexcept {
  known.count = count == 0 ? 0 : std::max(known.count - count, 0);
  known.next = limit_time{0};
}

} // namespace spotter::actors
