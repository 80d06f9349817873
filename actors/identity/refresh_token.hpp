#pragma once

#include "actors/identity/signing_key.hpp"
#include "domain/uuid.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// A refresh token says which login it is for and how often that login has been renewed (its
// generation), sealed under a key of the server's and a salt of the login's. So the successor of a
// token is always the same one, and nothing that could be stolen from the database is a token.

namespace spotter::actors::identity {

/// What a refresh token says of itself, not yet believed.
struct refresh_claim {
  domain::uuid user_id;
  domain::uuid login_id;
  std::uint32_t generation = 0;
  std::string seal; // 32 bytes
};

/// A fresh salt for a login's family of tokens, 32 random bytes.
[[nodiscard]] std::string make_family_salt();

/// The one token of this login and generation, as clients get it.
[[nodiscard]] std::string make_refresh_token(const signing_key& key, const domain::uuid& user_id,
                                             const domain::uuid& login_id, std::uint32_t generation,
                                             std::string_view family_salt);

/// Takes a token apart. Nullopt for what can't be one.
[[nodiscard]] std::optional<refresh_claim> parse_refresh_token(std::string_view token);

/// Tells, in constant time, whether the seal is ours for a login with this salt.
[[nodiscard]] bool is_sealed(const signing_key& key, const refresh_claim& claim,
                             std::string_view family_salt);

/// What is stored of a token: its BLAKE2b-256.
[[nodiscard]] std::string hash_refresh_token(std::string_view token);

/// Compares two secrets of the same length in constant time; different lengths are different.
[[nodiscard]] bool equal_secrets(std::string_view a, std::string_view b) noexcept;

} // namespace spotter::actors::identity
