#include "actors/accounts/mailed_token.hpp"

#include "domain/base64.hpp"

#include <sodium.h>

#include <array>
#include <stdexcept>

namespace spotter::actors::accounts {

std::string make_mailed_token() {
  if (sodium_init() < 0)
    throw std::runtime_error("libsodium could not be initialised");
  std::array<char, 32> bytes{};
  randombytes_buf(bytes.data(), bytes.size());
  return domain::to_base64url({bytes.data(), bytes.size()});
}

std::string hash_mailed_token(std::string_view token) {
  std::string out(32, '\0');
  crypto_generichash(reinterpret_cast<unsigned char*>(out.data()), out.size(),
                     reinterpret_cast<const unsigned char*>(token.data()), token.size(), nullptr,
                     0);
  return out;
}

} // namespace spotter::actors::accounts
