#include "actors/identity/access_token.hpp"

#include "domain/base64.hpp"

namespace spotter::actors::identity {

namespace {

std::string seconds(domain::instant at) {
  return std::to_string(domain::to_millis(at) / 1000);
}

} // namespace

std::string make_access_token(const signing_key& key, const access_claims& claims) {
  const std::string header = R"({"alg":"EdDSA","typ":"JWT","kid":")" + key.key_id() + R"("})";
  std::string body = R"({"iss":"spotter","sub":")";
  domain::append(body, claims.user_id);
  body += R"(","sid":")";
  domain::append(body, claims.login_id);
  body += R"(","role":")";
  body += claims.role;
  body += R"(","amr":["pwd")";
  if (claims.second_factor)
    body += R"(,"otp")";
  body += R"(],"iat":)" + seconds(claims.issued_at);
  body += R"(,"exp":)" + seconds(claims.expires_at) + '}';
  auto token = domain::to_base64url(header) + '.' + domain::to_base64url(body);
  token += '.' + domain::to_base64url(key.sign(token));
  return token;
}

} // namespace spotter::actors::identity
