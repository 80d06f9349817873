#pragma once

#include "actors/messages/limit.hpp"

#include <chrono>
#include <cstdint>

namespace spotter::actors {

/// Microseconds since some beginning, the same for all calls about one bucket.
using limit_time = std::chrono::microseconds;

/// How fast a bucket refills and how much it holds.
struct token_rate {
  std::chrono::microseconds emission{1}; // the time in which one token comes back
  std::int32_t burst = 1;

  /// Of a request; numbers that make no sense are taken for 1.
  [[nodiscard]] static token_rate of(const messages::take_tokens& what) noexcept;
};

/// What became of one call.
struct token_verdict {
  limit_time full_at{0}; // the bucket's new state, to be kept until that time
  messages::tokens_taken taken;
};

/// The generic cell rate algorithm: a token bucket whose whole state is one time.
///
/// `full_at` is the *theoretical arrival time* of the algorithm's usual description: when the bucket
/// will be full again. A bucket that nobody knows is full, so state may be dropped from that time on,
/// and nothing is changed by it. Source: ITU-T Recommendation I.371 (03/2004), annex A, the virtual
/// scheduling algorithm, with an increment of `emission` and a limit of `(burst - 1) * emission`;
/// ATM Forum, Traffic Management Specification 4.1 (af-tm-0121), section 4.4.2.
[[nodiscard]] token_verdict take(const token_rate& rate, limit_time full_at, limit_time now,
                                 std::int32_t cost, std::int32_t least) noexcept;

} // namespace spotter::actors
