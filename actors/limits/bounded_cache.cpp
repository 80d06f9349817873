#include "actors/limits/bounded_cache.hpp"

namespace spotter::actors {

namespace {

constexpr std::size_t entry_bytes = 192; // beside key and value

std::size_t weight_of(const std::string& key, const messages::shared_text& value) {
  return entry_bytes + 2 * key.size() + value.view().size();
}

} // namespace

const messages::shared_text* bounded_cache::find(const std::string& key, limit_time now) {
  const auto it = by_key_.find(key);
  if (it == by_key_.end())
    return nullptr;
  if (it->second->until <= now) {
    drop(it->second);
    return nullptr;
  }
  entries_.splice(entries_.begin(), entries_, it->second);
  return &entries_.front().value;
}

bool bounded_cache::keep(const std::string& key, messages::shared_text value, limit_time until) {
  if (const auto it = by_key_.find(key); it != by_key_.end())
    drop(it->second);
  const auto weight = weight_of(key, value);
  if (value.view().size() > limits_.value_bytes || weight > limits_.bytes)
    return false;
  while (bytes_ + weight > limits_.bytes)
    drop(std::prev(entries_.end()));
  entries_.push_front({key, std::move(value), until});
  by_key_.emplace(key, entries_.begin());
  bytes_ += weight;
  return true;
}

void bounded_cache::drop(place where) {
  bytes_ -= weight_of(where->key, where->value);
  by_key_.erase(where->key);
  entries_.erase(where);
}

} // namespace spotter::actors
