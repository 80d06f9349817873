#pragma once

#include <string>
#include <string_view>

namespace spotter::domain {

/// True when `text` is well-formed UTF-8 (Unicode 15, table 3-7: no surrogates, nothing overlong).
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

/// Replaces each byte that is not part of a well-formed sequence by U+FFFD; true when there was one.
bool repair_utf8(std::string& text);

} // namespace spotter::domain
