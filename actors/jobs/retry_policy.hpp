#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

namespace spotter::actors {

/// Why a job did not reach its end, as far as trying again is concerned.
enum class job_fault : std::uint8_t {
  transient = 1, // the same again may work: no database, no session, a time-out
  rate_limited,  // the other side asks to wait: no try is used up
  permanent,     // the same again fails again: a dead letter at once
  crashed,       // the job's actor died, or ran too long
};

/// "transient", "rate_limited", "permanent" or "crashed", for logs and metrics.
[[nodiscard]] std::string_view to_string(job_fault fault) noexcept;

/// What happens to a job that did not reach its end.
enum class job_verdict : std::uint8_t {
  retry = 1, // due again after the delay
  snooze,    // due again after the delay, and this try does not count
  bury,      // a dead letter
};

/// A verdict, and for `retry` and `snooze` how long to wait.
struct retry_decision {
  job_verdict verdict = job_verdict::bury;
  std::chrono::milliseconds delay{0};

  friend bool operator==(const retry_decision&, const retry_decision&) = default;
};

/// When a job is tried again, by the class of its fault. Settings come from the configuration.
struct retry_policy {
  /// Tries of one job, the first included, before it becomes a dead letter.
  std::int32_t max_attempts = 20;
  /// The delay after try n is n^exponent of these, ± `jitter`, at most `max_delay`.
  std::chrono::milliseconds unit{1'000};
  std::int32_t exponent = 4;
  double jitter = 0.1;
  std::chrono::milliseconds max_delay{std::chrono::hours{24}};
  /// How long to wait when the other side says "later" but not when.
  std::chrono::milliseconds snooze{60'000};

  /// Judges try `attempt` (from 1). `asked` is how long the other side asked to wait, zero if it
  /// did not; it is honoured up to `max_delay`. `luck` in [0, 1) decides the jitter.
  [[nodiscard]] retry_decision judge(job_fault fault, std::int32_t attempt,
                                     std::chrono::milliseconds asked, double luck) const noexcept;

  /// The delay after try `attempt`.
  [[nodiscard]] std::chrono::milliseconds backoff(std::int32_t attempt, double luck) const noexcept;
};

} // namespace spotter::actors
