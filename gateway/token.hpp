#pragma once

#include "domain/time.hpp"
#include "domain/uuid.hpp"
#include "gateway/ports.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace spotter::gateway {

/// Who a request comes from.
struct caller {
  domain::uuid user_id;
  domain::uuid login_id;
  domain::instant expires_at;
  bool admin = false;
};

/// Verifies a compact JWT: EdDSA by one of `keys` (by `kid`), issued by `issuer`, not expired at
/// `now`, with user and login. Nothing else is accepted: no other algorithm, no critical headers, no
/// padding, no claim of a wrong type. Nullopt says no more than "not valid".
[[nodiscard]] std::optional<caller> verify_token(std::string_view token,
                                                 const std::vector<verification_key>& keys,
                                                 std::string_view issuer, domain::instant now);

/// The key set as RFC 7517 JSON.
[[nodiscard]] std::string to_jwks(const std::vector<verification_key>& keys);

/// One thread's verifier: remembers tokens that were good, since a signature costs tens of
/// microseconds, and logins that have ended, whose tokens are refused though they have not expired.
class token_verifier {
public:
  token_verifier(std::vector<verification_key> keys, std::string issuer);

  /// The caller of a valid token of a login that has not ended.
  [[nodiscard]] std::optional<caller> verify(std::string_view token, domain::instant now);

  /// Refuses the login's tokens from now on, for as long as one could live.
  void revoke(const domain::uuid& login_id, domain::instant now);

  /// Forgets what has expired.
  void sweep(domain::instant now);

private:
  std::vector<verification_key> keys_;
  std::string issuer_;
  std::unordered_map<std::string, caller> good_;              // by the token's hash
  std::unordered_map<domain::uuid, domain::instant> revoked_; // login → when it can be forgotten
};

} // namespace spotter::gateway
