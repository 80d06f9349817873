#include "actors/factors/totp.hpp"

#include <liboath/oath.h>
#include <sodium.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <stdexcept>

namespace spotter::actors::factors {

namespace {

constexpr std::size_t secret_size = 20;
constexpr unsigned digits = 6;
constexpr std::int64_t step_seconds = 30;

void start_oath() {
  static const int started = oath_init();
  if (started != OATH_OK || sodium_init() < 0)
    throw std::runtime_error("the code library could not be initialised");
}

std::string percent_encoded(std::string_view text) {
  constexpr std::string_view plain =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  constexpr std::string_view hex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (plain.find(c) != plain.npos) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      ((out += '%') += hex[byte >> 4]) += hex[byte & 15];
    }
  }
  return out;
}

} // namespace

std::string make_totp_secret() {
  start_oath();
  std::string secret(secret_size, '\0');
  randombytes_buf(secret.data(), secret.size());
  return secret;
}

std::string totp_secret_text(std::string_view secret) {
  start_oath();
  char* text = nullptr;
  std::size_t size = 0;
  if (oath_base32_encode(secret.data(), secret.size(), &text, &size) != OATH_OK)
    throw std::bad_alloc();
  const std::unique_ptr<char, void (*)(void*)> owner{text, std::free};
  std::string out{text, size};
  while (!out.empty() && out.back() == '=')
    out.pop_back();
  return out;
}

std::string totp_uri(std::string_view secret, std::string_view account) {
  return "otpauth://totp/Spotter:" + percent_encoded(account) + "?secret="
         + totp_secret_text(secret) + "&issuer=Spotter&algorithm=SHA1&digits=6&period=30";
}

std::string totp_code(std::string_view secret, std::int64_t step) {
  start_oath();
  std::array<char, digits + 1> out{};
  if (oath_hotp_generate(secret.data(), secret.size(), static_cast<std::uint64_t>(step), digits,
                         false, OATH_HOTP_DYNAMIC_TRUNCATION, out.data())
      != OATH_OK)
    throw std::runtime_error("a code could not be made");
  return out.data();
}

std::int64_t totp_step_of(domain::instant at) {
  return domain::to_millis(at) / 1000 / step_seconds;
}

std::optional<std::int64_t> matching_step(std::string_view secret, std::string_view code,
                                          domain::instant now, std::int64_t used) {
  if (code.size() != digits
      || !std::all_of(code.begin(), code.end(), [](char c) { return c >= '0' && c <= '9'; }))
    return std::nullopt;
  std::optional<std::int64_t> found;
  const auto present = totp_step_of(now);
  for (auto step = present - 1; step <= present + 1; ++step) {
    const auto right = totp_code(secret, step);
    if (sodium_memcmp(right.data(), code.data(), digits) == 0 && step > used)
      found = step;
  }
  return found;
}

} // namespace spotter::actors::factors
