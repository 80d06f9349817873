#pragma once

#include <cmath>
#include <cstdint>
#include <optional>
#include <string_view>

namespace spotter::domain {

/// The unit in which an athlete entered a weight.
enum class weight_unit : std::uint8_t { kg = 1, lb = 2 };

/// A weight as entered, kept beside its canonical grams.
struct weight {
  double value = 0;
  weight_unit unit = weight_unit::kg;

  /// Canonical weight in grams, rounded to the nearest gram (1 lb = 453.59237 g). Comparisons and
  /// records use this value only.
  [[nodiscard]] std::int64_t grams() const noexcept {
    return std::llround(value * (unit == weight_unit::kg ? 1000.0 : 453.59237));
  }

  friend bool operator==(const weight&, const weight&) = default;
};

/// The heaviest weight that is accepted, in grams: 2 tonnes.
inline constexpr std::int64_t max_weight_grams = 2'000'000;

/// "kg" or "lb".
[[nodiscard]] constexpr std::string_view to_string(weight_unit unit) noexcept {
  return unit == weight_unit::kg ? "kg" : "lb";
}

/// Reads "kg", "lb" or "lbs"; anything else is nullopt.
[[nodiscard]] constexpr std::optional<weight_unit> parse_weight_unit(
  std::string_view text) noexcept {
  if (text == "kg")
    return weight_unit::kg;
  if (text == "lb" || text == "lbs")
    return weight_unit::lb;
  return std::nullopt;
}

/// Lets CAF serialise a weight.
template <class Inspector>
bool inspect(Inspector& f, weight& x) {
  return f.object(x).fields(f.field("value", x.value), f.field("unit", x.unit));
}

/// Lets CAF serialise a unit as its number.
template <class Inspector>
bool inspect(Inspector& f, weight_unit& x) {
  auto get = [&x] { return static_cast<std::uint8_t>(x); };
  auto set = [&x](std::uint8_t raw) {
    x = static_cast<weight_unit>(raw);
    return raw == 1 || raw == 2;
  };
  return f.apply(get, set);
}

} // namespace spotter::domain
