#pragma once

#include <cstdint>
#include <string_view>

namespace spotter::gateway {

/// Checks UTF-8 that comes in pieces: no overlong forms, no surrogates, nothing past U+10FFFF.
class utf8_checker {
public:
  /// False once the text can't be UTF-8 any more.
  [[nodiscard]] bool feed(std::string_view bytes) noexcept;
  /// True when no character is cut off.
  [[nodiscard]] bool complete() const noexcept { return missing_ == 0; }
  void reset() noexcept { *this = {}; }

private:
  std::uint8_t missing_ = 0;   // continuation bytes to come
  std::uint8_t lowest_ = 0x80; // bounds of the next one
  std::uint8_t highest_ = 0xbf;
};

/// True for text that is UTF-8 as a whole.
[[nodiscard]] bool is_utf8(std::string_view text) noexcept;

} // namespace spotter::gateway
