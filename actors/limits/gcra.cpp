#include "actors/limits/gcra.hpp"

#include <algorithm>
#include <limits>

namespace spotter::actors {

namespace {

/// Whole milliseconds, rounded up: who comes back then is not refused again.
std::int32_t to_ms(std::chrono::microseconds time) noexcept {
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(time).count();
  return static_cast<std::int32_t>(
    std::clamp<std::int64_t>(ms, 0, std::numeric_limits<std::int32_t>::max()));
}

} // namespace

token_rate token_rate::of(const messages::take_tokens& what) noexcept {
  const auto window = std::chrono::microseconds{std::chrono::milliseconds{what.window_ms}};
  const auto emission = window / std::max(what.quota, 1);
  return {std::max(emission, std::chrono::microseconds{1}), std::max(what.burst, 1)};
}

token_verdict take(const token_rate& rate, limit_time full_at, limit_time now, std::int32_t cost,
                   std::int32_t least) noexcept {
  const auto whole = rate.emission * rate.burst; // from empty to full
  full_at = std::clamp(full_at, now, now + whole);
  const auto available = static_cast<std::int32_t>((now + whole - full_at) / rate.emission);
  least = std::clamp(least, 1, rate.burst);
  token_verdict out;
  auto& taken = out.taken;
  taken.limit = rate.burst;
  if (available >= least)
    taken.granted = std::clamp(cost, 0, available);
  out.full_at = full_at + rate.emission * taken.granted;
  taken.remaining = available - taken.granted;
  taken.reset_ms = to_ms(out.full_at - now);
  if (taken.granted == 0 && available < least)
    taken.retry_after_ms = to_ms(full_at + rate.emission * least - whole - now);
  return out;
}

} // namespace spotter::actors
