#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Codes for whoever has lost the authenticator: `0k3f-9mzq-…`, twenty characters. The first names
// the slot, so that one hash has to be checked and not ten; the others hold 95 random bits.

namespace spotter::actors::factors {

/// How many codes there are.
inline constexpr std::size_t recovery_code_count = 10;

/// Fresh codes, one for each slot, as people get them.
[[nodiscard]] std::vector<std::string> make_recovery_codes();

/// A code that somebody typed.
struct typed_recovery_code {
  std::int32_t slot = 0;
  std::string text; // in the one form that is hashed
};

/// Reads a code in any case, with or without its dashes, and with letters that look like digits;
/// nullopt for anything else.
[[nodiscard]] std::optional<typed_recovery_code> read_recovery_code(std::string_view text);

} // namespace spotter::actors::factors
