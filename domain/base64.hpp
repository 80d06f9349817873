#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace spotter::domain {

/// Base64url without padding (RFC 4648, section 5), the form that tokens and cursors have. `bytes`
/// may hold anything.
[[nodiscard]] std::string to_base64url(std::string_view bytes);

/// Reads what `to_base64url` gives. Strict: another character, padding, an impossible length or
/// stray bits in the last character are nullopt, so that each value has one spelling only.
[[nodiscard]] std::optional<std::string> from_base64url(std::string_view text);

} // namespace spotter::domain
