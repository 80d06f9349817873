#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace spotter::gateway {

/// The header of a JWT, as far as it matters.
struct token_header {
  std::string algorithm;
  std::string key_id;
  bool has_critical = false; // a `crit` member, which must be refused when not understood
};

/// The claims of an access token.
struct token_claims {
  std::string issuer;
  std::string subject;
  std::string login; // sid
  std::string role;
  std::int64_t issued_at = 0;  // seconds since 1970
  std::int64_t expires_at = 0; // seconds since 1970
  std::string audience;        // empty where there is none
  std::int64_t not_before = 0; // 0 where there is none
  bool second_factor = false;  // amr has "otp"
};

/// Reads a token's header; nullopt for anything but an object with the right types. Makes room
/// behind `text`.
[[nodiscard]] std::optional<token_header> parse_token_header(std::string& text);

/// Reads a token's claims; all but audience, not_before and amr must be there.
[[nodiscard]] std::optional<token_claims> parse_token_claims(std::string& text);

} // namespace spotter::gateway
