#include "gateway/fingerprint.hpp"

#include <sodium.h>

#include <cstring>

namespace spotter::gateway {

namespace {

std::string to_hex(const unsigned char* bytes, std::size_t size) {
  std::string out(size * 2 + 1, '\0');
  sodium_bin2hex(out.data(), out.size(), bytes, size);
  out.resize(size * 2);
  return out;
}

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

} // namespace

std::string fingerprint(std::initializer_list<std::string_view> parts) {
  crypto_generichash_state state;
  unsigned char hash[16];
  crypto_generichash_init(&state, nullptr, 0, sizeof hash);
  for (const auto part : parts) {
    // The length first: "ab" + "c" is not "a" + "bc".
    const auto size = static_cast<std::uint64_t>(part.size());
    unsigned char length[sizeof size];
    std::memcpy(length, &size, sizeof size);
    crypto_generichash_update(&state, length, sizeof length);
    crypto_generichash_update(&state, bytes_of(part), part.size());
  }
  crypto_generichash_final(&state, hash, sizeof hash);
  return to_hex(hash, sizeof hash);
}

std::string sha256_hex(std::string_view content) {
  unsigned char hash[crypto_hash_sha256_BYTES];
  crypto_hash_sha256(hash, bytes_of(content), content.size());
  return to_hex(hash, sizeof hash);
}

} // namespace spotter::gateway
