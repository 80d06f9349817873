#include "actors/jobs/retry_policy.hpp"

#include <algorithm>
#include <cmath>

namespace spotter::actors {

std::string_view to_string(job_fault fault) noexcept {
  switch (fault) {
    case job_fault::transient:
      return "transient";
    case job_fault::rate_limited:
      return "rate_limited";
    case job_fault::permanent:
      return "permanent";
    case job_fault::crashed:
      return "crashed";
  }
  return "unknown";
}

std::chrono::milliseconds retry_policy::backoff(std::int32_t attempt, double luck) const noexcept {
  const double tries = std::max(attempt, std::int32_t{1});
  const double straight = std::pow(tries, exponent) * static_cast<double>(unit.count());
  const double spread = 1.0 + jitter * (2.0 * luck - 1.0);
  // Capped before the conversion: a big exponent would not fit into an integer.
  const double capped = std::min(straight * spread, static_cast<double>(max_delay.count()));
  return std::chrono::milliseconds{std::llround(std::max(capped, 0.0))};
}

retry_decision retry_policy::judge(job_fault fault, std::int32_t attempt,
                                   std::chrono::milliseconds asked, double luck) const noexcept {
  if (fault == job_fault::permanent)
    return {job_verdict::bury, {}};
  if (fault == job_fault::rate_limited)
    return {job_verdict::snooze, std::min(asked.count() > 0 ? asked : snooze, max_delay)};
  if (attempt >= max_attempts)
    return {job_verdict::bury, {}};
  return {job_verdict::retry, std::max(backoff(attempt, luck), std::min(asked, max_delay))};
}

} // namespace spotter::actors
