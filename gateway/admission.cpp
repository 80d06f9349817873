#include "gateway/admission.hpp"

namespace spotter::gateway {

bool admission::open(const address& from) {
  if (total_.fetch_add(1) >= limits_.connections) {
    --total_;
    return false;
  }
  if (trusted_.contain(from))
    return true;
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

bool byte_budget::take(std::size_t bytes) {
  if (held_.fetch_add(bytes) + bytes <= most_)
    return true;
  held_ -= bytes;
  return false;
}

void byte_budget::give_back(std::size_t bytes) {
  held_ -= bytes;
}

byte_share::~byte_share() {
  if (from_)
    from_->give_back(bytes_);
}

bool byte_share::take(byte_budget& from, std::size_t bytes) {
  if (!from.take(bytes))
    return false;
  from_ = &from;
  bytes_ = bytes;
  return true;
}

} // namespace spotter::gateway
