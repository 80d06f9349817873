#pragma once

#include "actors/identity/signing_key.hpp"
#include "domain/time.hpp"
#include "domain/uuid.hpp"

#include <string>
#include <string_view>

namespace spotter::actors::identity {

/// What an access token says.
struct access_claims {
  domain::uuid user_id;  // sub
  domain::uuid login_id; // sid
  std::string_view role; // a word of ours: never text of a user's
  domain::instant issued_at;
  domain::instant expires_at;
  bool second_factor = false; // amr (RFC 8176): "pwd", and "otp" where this is true
};

/// The claims as a JWT signed with EdDSA: header `{"alg":"EdDSA","typ":"JWT","kid":…}`, claims iss
/// ("spotter"), sub, sid, role, amr, iat and exp (whole seconds).
[[nodiscard]] std::string make_access_token(const signing_key& key, const access_claims& claims);

} // namespace spotter::actors::identity
