#pragma once

#include "actors/limits/gcra.hpp"

namespace spotter::actors {

/// What is known of a counter of attempts.
struct attempts_made {
  std::int32_t count = 0;
  limit_time next{0};      // when the next one is allowed
  limit_time forgotten{0}; // when it is as if there had been none
};

/// How long to wait after attempt `n`, counted from 1.
[[nodiscard]] std::chrono::milliseconds wait_after(const messages::attempt_counter& rule,
                                                   std::int32_t n) noexcept;

/// Counts an attempt at `now`, where the rule counts and the wait is over.
messages::attempt_state count_attempt(const messages::attempt_counter& rule, attempts_made& known,
                                      limit_time now) noexcept;

/// Takes back `count` attempts, 0: all. The wait ends: who succeeded has no reason to wait.
void forgive(attempts_made& known, std::int32_t count) noexcept;

} // namespace spotter::actors
