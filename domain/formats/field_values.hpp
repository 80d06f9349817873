#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace spotter::domain {

/// A wall-clock time without a zone, as other apps write it; whose wall it hung on is for the
/// importer to know.
using local_instant = std::chrono::local_time<std::chrono::milliseconds>;

/// How a file writes the fraction of a number.
enum class decimal_sign : std::uint8_t {
  point = 1, // and a comma too, where it can't be meant to group thousands
  comma,     // and a point too
};

/// `text` without blanks at both ends (ASCII white space and no-break spaces).
[[nodiscard]] std::string_view trim(std::string_view text) noexcept;

/// Reads a decimal number: digits, at most one decimal sign and a leading sign; no exponent, no
/// infinity. Digits grouped in threes are understood where both signs show which is which
/// ("1,234.5"). With `decimal_sign::point` a lone comma before exactly three digits ("1,234") could
/// be either and is refused.
[[nodiscard]] std::optional<double> parse_decimal(std::string_view text, decimal_sign sign);

/// Reads `2024-11-28 17:36:08`, with `T` or a blank between, seconds and a fraction optional; or
/// `30 Jun 2025, 19:56` with an English month and an optional comma and seconds. Years 1900 to 9998: no time zone
/// leads out of four digits.
[[nodiscard]] std::optional<local_instant> parse_local_instant(std::string_view text);

/// Reads a duration in words, like `1h 2m`, `35m` or `1h 5m 10s`, or a plain number of seconds;
/// the result is in milliseconds, at most 30 days.
[[nodiscard]] std::optional<std::int64_t> parse_duration_ms(std::string_view text);

} // namespace spotter::domain
