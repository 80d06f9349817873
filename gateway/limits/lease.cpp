#include "gateway/limits/lease.hpp"

#include <algorithm>

namespace spotter::gateway {

using std::chrono::milliseconds;

namespace {

constexpr std::chrono::seconds kept_for{60};
constexpr milliseconds come_back_soon{1'000};

} // namespace

lease::verdict lease::take(steady::time_point now) {
  used_ = now;
  verdict out;
  const bool blocked = now < blocked_until_;
  out.granted = tokens_ > 0 || (!blocked && tokens_ > -chunk_);
  if (out.granted)
    --tokens_;
  // Most accounts do so little that nobody needs to hear of it.
  const auto low = remaining_ < 0 ? -(chunk_ / 2) : chunk_ / 2;
  if (!blocked && !asking_ && tokens_ <= low) {
    asking_ = true;
    out.ask_for = chunk_ - std::min(tokens_, 0);
  }
  return out;
}

void lease::answered(const messages::tokens_taken& what, steady::time_point now) {
  asking_ = false;
  tokens_ += what.granted;
  remaining_ = what.remaining;
  full_at_ = now + milliseconds{what.reset_ms};
  if (what.granted == 0)
    blocked_until_ = now + milliseconds{what.retry_after_ms};
}

void lease::unanswered() {
  asking_ = false;
  tokens_ = std::max(tokens_, 0) + chunk_;
}

std::int32_t lease::left(std::int32_t quota) const noexcept {
  const auto in_bucket = remaining_ < 0 ? quota : remaining_;
  return std::clamp(in_bucket + tokens_, 0, quota);
}

milliseconds lease::reset(steady::time_point now) const noexcept {
  return std::max(std::chrono::ceil<milliseconds>(full_at_ - now), milliseconds{0});
}

milliseconds lease::retry_after(steady::time_point now) const noexcept {
  const auto wait = std::chrono::ceil<milliseconds>(blocked_until_ - now);
  return wait.count() > 0 ? wait : come_back_soon;
}

bool lease::is_idle(steady::time_point now) const noexcept {
  return !asking_ && now - used_ > kept_for;
}

} // namespace spotter::gateway
