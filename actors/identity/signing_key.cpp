#include "actors/identity/signing_key.hpp"

#include "actors/sealing/guarded.hpp"
#include "actors/sealing/key_file.hpp"

#include <sodium.h>

#include <stdexcept>

namespace spotter::actors::identity {

namespace {

// The subkey's place in crypto_kdf; stored tokens depend on both.
constexpr std::uint64_t mac_subkey = 1;
constexpr const char* mac_context = "refresh_";

const unsigned char* bytes_of(std::string_view text) noexcept {
  return reinterpret_cast<const unsigned char*>(text.data());
}

} // namespace

signing_key::signing_key(const seed_bytes& seed) {
  static_assert(std::tuple_size_v<seed_bytes> == crypto_sign_SEEDBYTES);
  static_assert(std::tuple_size_v<seed_bytes> == crypto_kdf_KEYBYTES);
  auto made = sealing::make_guarded<secrets>();
  crypto_sign_seed_keypair(public_.data(), made->signing.data(), seed.data());
  crypto_kdf_derive_from_key(made->mac.data(), made->mac.size(), mac_subkey, mac_context,
                             seed.data());
  secrets_ = std::move(made);
  std::array<std::uint8_t, 32> digest{};
  crypto_generichash(digest.data(), digest.size(), public_.data(), public_.size(), nullptr, 0);
  std::array<char, 17> hex{};
  sodium_bin2hex(hex.data(), hex.size(), digest.data(), 8);
  key_id_ = hex.data();
}

std::string signing_key::sign(std::string_view text) const {
  std::array<unsigned char, crypto_sign_BYTES> out{};
  crypto_sign_detached(out.data(), nullptr, bytes_of(text), text.size(), secrets_->signing.data());
  return {out.begin(), out.end()};
}

std::string signing_key::authenticate(std::string_view text) const {
  std::array<unsigned char, 32> out{};
  crypto_generichash(out.data(), out.size(), bytes_of(text), text.size(), secrets_->mac.data(),
                     secrets_->mac.size());
  return {out.begin(), out.end()};
}

signing_key load_or_create_key(const std::filesystem::path& path) {
  auto seed = sealing::read_or_create_key_file(path, "ends every login");
  signing_key key{seed};
  sodium_memzero(seed.data(), seed.size());
  return key;
}

} // namespace spotter::actors::identity
