#include "gateway/key_set.hpp"

#include "domain/base64.hpp"
#include "domain/json.hpp"

#include <string_view>

namespace spotter::gateway {

std::string to_jwks(const std::vector<verification_key>& keys) {
  std::string out;
  domain::json_writer json{out};
  json.begin_object().key("keys").begin_array();
  for (const auto& key : keys) {
    const std::string_view bytes{reinterpret_cast<const char*>(key.key.data()), key.key.size()};
    json.begin_object()
      .member("kty", "OKP")
      .member("crv", "Ed25519")
      .member("use", "sig")
      .member("alg", "EdDSA")
      .member("kid", std::string_view{key.kid})
      .member("x", std::string_view{domain::to_base64url(bytes)})
      .end_object();
  }
  json.end_array().end_object();
  return out;
}

} // namespace spotter::gateway
