#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace spotter::actors::accounts {

/// No token of ours has more characters.
inline constexpr std::size_t longest_mailed_token = 64;

/// A fresh token for a letter: 256 random bits in base64url, 43 characters.
[[nodiscard]] std::string make_mailed_token();

/// What is stored of it: BLAKE2b-256 of its text.
[[nodiscard]] std::string hash_mailed_token(std::string_view token);

} // namespace spotter::actors::accounts
