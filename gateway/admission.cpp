#include "gateway/admission.hpp"

#include <algorithm>
#include <cmath>

namespace spotter::gateway {

namespace {

constexpr std::size_t most_buckets = 65'536;

} // namespace

bool admission::open(const address& from) {
  if (total_.fetch_add(1) >= limits_.connections) {
    --total_;
    return false;
  }
  const std::lock_guard guard{mutex_};
  auto& n = by_address_[from];
  if (n >= limits_.connections_per_address) {
    --total_;
    return false;
  }
  ++n;
  return true;
}

void admission::close(const address& from) {
  --total_;
  const std::lock_guard guard{mutex_};
  if (const auto it = by_address_.find(from); it != by_address_.end() && --it->second == 0)
    by_address_.erase(it);
}

bool admission::begin_upload(std::size_t bytes) {
  if (upload_bytes_.fetch_add(bytes) + bytes <= limits_.upload_total_bytes)
    return true;
  upload_bytes_ -= bytes;
  return false;
}

void admission::end_upload(std::size_t bytes) {
  upload_bytes_ -= bytes;
}

admission::allowance admission::sign_in(const address& from,
                                        std::chrono::steady_clock::time_point now) {
  allowance out;
  out.quota = limits_.sign_ins_per_minute;
  if (out.quota <= 0)
    return out;
  const double per_second = out.quota / 60.0;
  const std::lock_guard guard{mutex_};
  // A full bucket says nothing: what has refilled can be forgotten.
  if (sign_ins_.size() >= most_buckets)
    std::erase_if(sign_ins_,
                  [now](const auto& e) { return now - e.second.at > std::chrono::minutes{1}; });
  if (sign_ins_.size() >= most_buckets)
    sign_ins_.clear();
  auto [it, fresh] = sign_ins_.try_emplace(from, bucket{static_cast<double>(out.quota), now});
  auto& b = it->second;
  const std::chrono::duration<double> passed = now - b.at;
  b.tokens = std::min(b.tokens + passed.count() * per_second, static_cast<double>(out.quota));
  b.at = now;
  out.granted = b.tokens >= 1;
  if (out.granted)
    b.tokens -= 1;
  out.left = static_cast<int>(b.tokens);
  const double missing = std::max(0.0, 1 - b.tokens);
  out.refill = std::chrono::seconds{static_cast<long>(std::ceil(missing / per_second))};
  return out;
}

} // namespace spotter::gateway
