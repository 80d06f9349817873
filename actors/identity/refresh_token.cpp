#include "actors/identity/refresh_token.hpp"

#include "domain/base64.hpp"

#include <sodium.h>

#include <algorithm>
#include <array>

namespace spotter::actors::identity {

namespace {

constexpr std::size_t id_size = 16;
constexpr std::size_t named_size = 2 * id_size + 4; // what the seal covers, besides the salt
constexpr std::size_t seal_size = 32;

std::string named_part(const domain::uuid& user_id, const domain::uuid& login_id,
                       std::uint32_t generation) {
  std::string out;
  out.append(user_id.bytes.begin(), user_id.bytes.end());
  out.append(login_id.bytes.begin(), login_id.bytes.end());
  for (int shift = 24; shift >= 0; shift -= 8)
    out += static_cast<char>((generation >> shift) & 0xffu);
  return out;
}

domain::uuid read_id(std::string_view bytes) {
  domain::uuid id;
  std::copy_n(bytes.begin(), id_size, id.bytes.begin());
  return id;
}

// All but the salt have fixed sizes, so no two inputs are the same text.
std::string seal_of(const signing_key& key, std::string named, std::string_view family_salt) {
  named += family_salt;
  return key.authenticate(named);
}

} // namespace

std::string make_family_salt() {
  std::array<char, 32> salt{};
  randombytes_buf(salt.data(), salt.size());
  return {salt.begin(), salt.end()};
}

std::string make_refresh_token(const signing_key& key, const domain::uuid& user_id,
                               const domain::uuid& login_id, std::uint32_t generation,
                               std::string_view family_salt) {
  const auto named = named_part(user_id, login_id, generation);
  return domain::to_base64url(named + seal_of(key, named, family_salt));
}

std::optional<refresh_claim> parse_refresh_token(std::string_view token) {
  // 68 bytes are 91 characters: anything else is not worth decoding.
  if (token.size() != ((named_size + seal_size) * 4 + 2) / 3)
    return std::nullopt;
  const auto bytes = domain::from_base64url(token);
  if (!bytes || bytes->size() != named_size + seal_size)
    return std::nullopt;
  const std::string_view view = *bytes;
  refresh_claim claim;
  claim.user_id = read_id(view);
  claim.login_id = read_id(view.substr(id_size));
  for (const char c : view.substr(2 * id_size, 4))
    claim.generation = (claim.generation << 8) | static_cast<std::uint8_t>(c);
  claim.seal = view.substr(named_size);
  return claim;
}

bool is_sealed(const signing_key& key, const refresh_claim& claim, std::string_view family_salt) {
  return equal_secrets(
    claim.seal,
    seal_of(key, named_part(claim.user_id, claim.login_id, claim.generation), family_salt));
}

std::string hash_refresh_token(std::string_view token) {
  std::array<unsigned char, 32> out{};
  crypto_generichash(out.data(), out.size(), reinterpret_cast<const unsigned char*>(token.data()),
                     token.size(), nullptr, 0);
  return {out.begin(), out.end()};
}

bool equal_secrets(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

} // namespace spotter::actors::identity
