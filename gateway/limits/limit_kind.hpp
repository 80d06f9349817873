#pragma once

#include <cstdint>
#include <string_view>

namespace spotter::gateway {

/// What is counted together. The first two are counted by address, the others by account.
enum class limit_kind : std::uint8_t {
  sign_in = 1,
  registration,
  read,
  write,
  import,
  by_method, // of a route that needs a token: a read or a write
};

inline constexpr std::size_t limit_kinds = 5;

/// The policy's name in the headers `RateLimit-Policy` and `RateLimit`.
[[nodiscard]] constexpr std::string_view name_of(limit_kind kind) noexcept {
  constexpr std::string_view names[] = {"sign-in", "registration", "read", "write", "import"};
  const auto index = static_cast<std::size_t>(kind) - 1;
  return index < limit_kinds ? names[index] : std::string_view{};
}

} // namespace spotter::gateway
