#pragma once

#include "actors/limits/bounded_cache.hpp"
#include "actors/limits/expiring_table.hpp"
#include "actors/limits/growing_wait.hpp"

#include <utility>

namespace spotter::actors {

/// Bounds of what one process keeps for limits and cache.
struct local_bounds {
  std::size_t buckets = 65'536;
  std::size_t counters = 65'536; // of attempts
  bounded_cache::bounds cache;
};

/// The counters and the cache of this process alone.
///
/// Both tables of counters are bounded. A full one drops the state that counts for least: of buckets
/// the one that will be full again first, of attempts the one with the fewest. See expiring_table.
class local_state {
public:
  explicit local_state(const local_bounds& bounds)
    : buckets_(bounds.buckets), attempts_(bounds.counters), cache_(bounds.cache) {}

  messages::tokens_taken take(const messages::take_tokens& what, limit_time now);
  messages::attempts_counted count(const messages::count_attempts& what, limit_time now);
  void forgive(const messages::forgive_attempts& what, limit_time now);
  messages::cached_value find(const messages::get_cached& what, limit_time now);
  void keep(const messages::keep& what, limit_time now);

  /// Forgets what says nothing any more.
  void sweep(limit_time now);

  [[nodiscard]] std::size_t counters() const noexcept { return buckets_.size() + attempts_.size(); }
  [[nodiscard]] std::size_t cached_bytes() const noexcept { return cache_.bytes(); }

private:
  using attempt_rank = std::pair<std::int32_t, limit_time>;

  void put(std::string_view key, const attempts_made& known);

  expiring_table<limit_time, limit_time> buckets_; // when each is full, which is its rank, too
  expiring_table<attempts_made, attempt_rank> attempts_;
  bounded_cache cache_;
};

} // namespace spotter::actors
