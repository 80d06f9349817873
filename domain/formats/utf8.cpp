#include "domain/formats/utf8.hpp"

#include <cstddef>

namespace spotter::domain {

namespace {

/// The length of the well-formed sequence that `text` starts with, or 0.
std::size_t sequence_length(std::string_view text) noexcept {
  const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto between = [&](std::size_t i, unsigned low, unsigned high) {
    return i < text.size() && byte(i) >= low && byte(i) <= high;
  };
  const unsigned lead = byte(0);
  if (lead < 0x80)
    return 1;
  if (lead >= 0xc2 && lead <= 0xdf)
    return between(1, 0x80, 0xbf) ? 2 : 0;
  if (lead >= 0xe0 && lead <= 0xef) {
    const unsigned low = lead == 0xe0 ? 0xa0 : 0x80;
    const unsigned high = lead == 0xed ? 0x9f : 0xbf;
    return between(1, low, high) && between(2, 0x80, 0xbf) ? 3 : 0;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    const unsigned low = lead == 0xf0 ? 0x90 : 0x80;
    const unsigned high = lead == 0xf4 ? 0x8f : 0xbf;
    return between(1, low, high) && between(2, 0x80, 0xbf) && between(3, 0x80, 0xbf) ? 4 : 0;
  }
  return 0;
}

} // namespace

bool is_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    const auto length = sequence_length(text);
    if (length == 0)
      return false;
    text.remove_prefix(length);
  }
  return true;
}

bool repair_utf8(std::string& text) {
  if (is_utf8(text))
    return false;
  std::string repaired;
  for (std::string_view rest = text; !rest.empty();) {
    const auto length = sequence_length(rest);
    if (length == 0)
      repaired += "\xef\xbf\xbd";
    else
      repaired += rest.substr(0, length);
    rest.remove_prefix(length == 0 ? 1 : length);
  }
  text = std::move(repaired);
  return true;
}

} // namespace spotter::domain
