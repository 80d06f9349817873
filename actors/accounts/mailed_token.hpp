#pragma once

#include <string>
#include <string_view>

namespace spotter::actors::accounts {

/// A fresh token for a letter: 256 random bits in base64url, 43 characters.
[[nodiscard]] std::string make_mailed_token();

/// What is stored of it: BLAKE2b-256 of its text.
[[nodiscard]] std::string hash_mailed_token(std::string_view token);

} // namespace spotter::actors::accounts
