#pragma once

#include "domain/uuid.hpp"

#include <optional>
#include <string>
#include <string_view>

// Tokens that mean nothing but a row of their user's: the user's id, so that the row is looked for
// behind the user's wall, and 256 random bits, of which the hash is kept.

namespace spotter::actors::factors {

/// What API keys begin with.
inline constexpr std::string_view api_key_prefix = "spk_";

/// A fresh token.
[[nodiscard]] std::string make_token(std::string_view prefix, const domain::uuid& user_id);

/// What a token says of itself, not yet believed.
struct token_claim {
  domain::uuid user_id;
  std::string hash; // BLAKE2b-256 of the whole token
};

/// Takes a token apart; nullopt for what can't be one.
[[nodiscard]] std::optional<token_claim> read_token(std::string_view prefix,
                                                    std::string_view token);

} // namespace spotter::actors::factors
