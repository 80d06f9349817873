#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace spotter::config {

/// An IP address as sixteen bytes; IPv4 ones as ::ffff:1.2.3.4, so that it does not matter how they
/// are written.
using address_bytes = std::array<std::uint8_t, 16>;

/// Reads an address of either kind; nullopt for anything else, also for one with a zone.
[[nodiscard]] std::optional<address_bytes> parse_address(std::string_view text);

/// A block of addresses: 10.0.0.0/8, fd00::/8, or one address.
class address_block {
public:
  /// Nullopt for what is no block; bits behind the prefix must be zero, since of 10.1.2.3/8 nobody can
  /// say what was meant.
  [[nodiscard]] static std::optional<address_block> parse(std::string_view text);

  [[nodiscard]] bool contains(const address_bytes& address) const noexcept;

private:
  address_bytes first_{};
  unsigned bits_ = 0;
};

} // namespace spotter::config
