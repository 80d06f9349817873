#include "actors/identity/key_ring.hpp"

#include <algorithm>

namespace spotter::actors::identity {

key_ring::key_ring(std::vector<ring_key> keys) : keys_(std::move(keys)) {
  std::stable_sort(keys_.begin(), keys_.end(), [](const ring_key& a, const ring_key& b) {
    return a.signs_from < b.signs_from;
  });
}

const signing_key* key_ring::current(moment now) const noexcept {
  const signing_key* found = nullptr;
  for (const auto& k : keys_)
    if (k.signs_from <= now)
      found = k.gone && *k.gone <= now ? nullptr : &k.key;
  return found;
}

std::optional<moment> key_ring::current_since(moment now) const noexcept {
  std::optional<moment> since;
  for (const auto& k : keys_)
    if (k.signs_from <= now)
      since = k.signs_from;
  return since;
}

bool key_ring::has_next(moment now) const noexcept {
  return !keys_.empty() && keys_.back().signs_from > now;
}

std::vector<const signing_key*> key_ring::valid(moment now) const {
  std::vector<const signing_key*> out;
  for (const auto& k : keys_)
    if (!k.gone || *k.gone > now)
      out.push_back(&k.key);
  return out;
}

} // namespace spotter::actors::identity
