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

bool admission::begin_upload(std::size_t bytes) {
  if (upload_bytes_.fetch_add(bytes) + bytes <= limits_.upload_total_bytes)
    return true;
  upload_bytes_ -= bytes;
  return false;
}

void admission::end_upload(std::size_t bytes) {
  upload_bytes_ -= bytes;
}

} // namespace spotter::gateway
