#include "gateway/utf8.hpp"

namespace spotter::gateway {

bool utf8_checker::feed(std::string_view bytes) noexcept {
  for (const char c : bytes) {
    const auto b = static_cast<std::uint8_t>(c);
    if (missing_ > 0) {
      if (b < lowest_ || b > highest_)
        return false;
      lowest_ = 0x80;
      highest_ = 0xbf;
      --missing_;
    } else if (b < 0x80) {
      continue;
    } else if (b >= 0xc2 && b <= 0xdf) {
      missing_ = 1;
    } else if (b >= 0xe0 && b <= 0xef) {
      missing_ = 2;
      lowest_ = b == 0xe0 ? 0xa0 : 0x80;  // overlong
      highest_ = b == 0xed ? 0x9f : 0xbf; // surrogates
    } else if (b >= 0xf0 && b <= 0xf4) {
      missing_ = 3;
      lowest_ = b == 0xf0 ? 0x90 : 0x80;
      highest_ = b == 0xf4 ? 0x8f : 0xbf;
    } else {
      return false;
    }
  }
  return true;
}

bool is_utf8(std::string_view text) noexcept {
  utf8_checker check;
  return check.feed(text) && check.complete();
}

} // namespace spotter::gateway
