#include "actors/factors/opaque_token.hpp"

#include "domain/base64.hpp"

#include <sodium.h>

#include <algorithm>

namespace spotter::actors::factors {

namespace {

constexpr std::size_t id_size = 16;
constexpr std::size_t secret_size = 32;
constexpr std::size_t text_size = (id_size + secret_size) * 4 / 3; // without padding

std::string hash_of(std::string_view token) {
  std::string hash(32, '\0');
  crypto_generichash(reinterpret_cast<unsigned char*>(hash.data()), hash.size(),
                     reinterpret_cast<const unsigned char*>(token.data()), token.size(), nullptr,
                     0);
  return hash;
}

} // namespace

std::string make_token(std::string_view prefix, const domain::uuid& user_id) {
  std::string bytes{user_id.bytes.begin(), user_id.bytes.end()};
  bytes.resize(id_size + secret_size);
  randombytes_buf(bytes.data() + id_size, secret_size);
  return std::string{prefix} + domain::to_base64url(bytes);
}

std::optional<token_claim> read_token(std::string_view prefix, std::string_view token) {
  if (token.size() != prefix.size() + text_size || !token.starts_with(prefix))
    return std::nullopt;
  const auto bytes = domain::from_base64url(token.substr(prefix.size()));
  if (!bytes || bytes->size() != id_size + secret_size)
    return std::nullopt;
  token_claim claim;
  std::copy_n(bytes->begin(), id_size, claim.user_id.bytes.begin());
  claim.hash = hash_of(token);
  return claim;
}

} // namespace spotter::actors::factors
