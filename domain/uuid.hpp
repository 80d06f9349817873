#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace spotter::domain {

/// A 128-bit identifier in network byte order. The default value is the nil UUID.
struct uuid {
  std::array<std::uint8_t, 16> bytes{};

  friend auto operator<=>(const uuid&, const uuid&) = default;

  /// True for the all-zero UUID, which no resource has.
  [[nodiscard]] bool is_nil() const noexcept;

  /// The version nibble (RFC 9562), 7 for the ids that Spotter makes.
  [[nodiscard]] int version() const noexcept { return bytes[6] >> 4; }
};

/// Makes a time-ordered UUIDv7 (RFC 9562): 48 bits of Unix milliseconds, then random bits from the
/// operating system's generator. Safe to call from any thread; ids made by one thread never go back.
[[nodiscard]] uuid make_uuid_v7();

/// Reads the canonical 36-character form, upper or lower case; anything else is nullopt.
[[nodiscard]] std::optional<uuid> parse_uuid(std::string_view text) noexcept;

/// The canonical 36-character lower-case form.
[[nodiscard]] std::string to_string(const uuid& id);

/// Appends the canonical form to `out` without a temporary.
void append(std::string& out, const uuid& id);

/// Lets CAF serialise, print and compare a UUID as its bytes.
template <class Inspector>
bool inspect(Inspector& f, uuid& x) {
  return f.object(x).fields(f.field("bytes", x.bytes));
}

} // namespace spotter::domain

template <>
struct std::hash<spotter::domain::uuid> {
  std::size_t operator()(const spotter::domain::uuid& id) const noexcept;
};
