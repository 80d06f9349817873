#include "actors/factors/recovery_code.hpp"

#include <sodium.h>

#include <stdexcept>

namespace spotter::actors::factors {

namespace {

// Without i, l, o and u, which are misread.
constexpr std::string_view alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr std::size_t length = 20;
constexpr std::size_t group = 4;

static_assert(alphabet.size() == 32);

char plain(char c) noexcept {
  if (c >= 'A' && c <= 'Z')
    c = static_cast<char>(c - 'A' + 'a');
  if (c == 'o')
    return '0';
  return c == 'i' || c == 'l' ? '1' : c;
}

} // namespace

std::vector<std::string> make_recovery_codes() {
  if (sodium_init() < 0)
    throw std::runtime_error("libsodium could not be initialised");
  std::vector<std::string> codes;
  for (std::size_t slot = 0; slot < recovery_code_count; ++slot) {
    std::string code{static_cast<char>('0' + slot)};
    for (std::size_t i = 1; i < length; ++i) {
      if (i % group == 0)
        code += '-';
      code += alphabet[randombytes_uniform(static_cast<std::uint32_t>(alphabet.size()))];
    }
    codes.push_back(std::move(code));
  }
  return codes;
}

std::optional<typed_recovery_code> read_recovery_code(std::string_view text) {
  typed_recovery_code code;
  for (const char c : text) {
    if (c == '-' || c == ' ')
      continue;
    const char p = plain(c);
    if (alphabet.find(p) == alphabet.npos || code.text.size() == length)
      return std::nullopt;
    code.text += p;
  }
  if (code.text.size() != length || code.text.front() > '9')
    return std::nullopt;
  code.slot = code.text.front() - '0';
  return code;
}

} // namespace spotter::actors::factors
