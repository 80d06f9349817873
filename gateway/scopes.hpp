#pragma once

#include "gateway/http/request.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spotter::gateway {

/// What an API key may do, one bit each.
enum class scope : std::uint8_t { read = 1, write = 2, live = 4, import = 8 };

/// "read" and so on.
[[nodiscard]] std::string_view to_string(scope what) noexcept;

/// Several scopes.
using scope_set = std::uint8_t;

inline constexpr scope_set all_scopes = 0xff; // of whoever has signed in

[[nodiscard]] constexpr bool has(scope_set set, scope what) noexcept {
  return (set & static_cast<scope_set>(what)) != 0;
}

/// The scopes that are named; unknown names give nothing.
[[nodiscard]] scope_set scopes_of(const std::vector<std::string>& names) noexcept;

/// What a key needs for a route, by its method and pattern. Nullopt: no key may use it, whatever its
/// scopes, as all that concerns accounts, security and operators.
[[nodiscard]] std::optional<scope> needed_scope(verb method, std::string_view pattern) noexcept;

} // namespace spotter::gateway
