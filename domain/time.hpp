#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace spotter::domain {

/// An instant in UTC with millisecond precision: the precision of every time Spotter stores.
using instant = std::chrono::sys_time<std::chrono::milliseconds>;

/// The wall clock, truncated to milliseconds.
[[nodiscard]] instant now() noexcept;

/// Reads an RFC 3339 date-time with `Z` or a numeric offset, between the years 1900 and 9999.
/// Fractions beyond milliseconds are cut off. Anything else is nullopt.
[[nodiscard]] std::optional<instant> parse_rfc3339(std::string_view text) noexcept;

/// `2026-03-01T17:04:05.123Z`; the fraction is left out when it is zero.
[[nodiscard]] std::string to_rfc3339(instant at);

/// Appends what `to_rfc3339` gives.
void append_rfc3339(std::string& out, instant at);

/// Milliseconds since 1970, the form in which messages and rows carry an instant.
[[nodiscard]] constexpr std::int64_t to_millis(instant at) noexcept {
  return at.time_since_epoch().count();
}

/// The inverse of `to_millis`.
[[nodiscard]] constexpr instant from_millis(std::int64_t ms) noexcept {
  return instant{std::chrono::milliseconds{ms}};
}

} // namespace spotter::domain
