#include "actors/identity/password.hpp"

#include <sodium.h>

#include <array>
#include <new>
#include <stdexcept>

namespace spotter::actors::identity {

namespace {

void start_sodium() {
  if (sodium_init() < 0)
    throw std::runtime_error("libsodium could not be initialised");
}

} // namespace

std::string make_password_hash(std::string_view password, const password_cost& cost) {
  start_sodium();
  std::array<char, crypto_pwhash_STRBYTES> out{};
  if (crypto_pwhash_str_alg(out.data(), password.data(), password.size(), cost.passes,
                            cost.memory_bytes, crypto_pwhash_ALG_ARGON2ID13)
      != 0)
    throw std::bad_alloc();
  return out.data();
}

bool password_matches(std::string_view password, const std::string& hash) {
  start_sodium();
  return crypto_pwhash_str_verify(hash.c_str(), password.data(), password.size()) == 0;
}

bool is_outdated(const std::string& hash, const password_cost& cost) {
  start_sodium();
  return crypto_pwhash_str_needs_rehash(hash.c_str(), cost.passes, cost.memory_bytes) != 0;
}

std::string make_dummy_hash(const password_cost& cost) {
  start_sodium();
  std::array<char, 32> password{};
  randombytes_buf(password.data(), password.size());
  return make_password_hash({password.data(), password.size()}, cost);
}

} // namespace spotter::actors::identity
