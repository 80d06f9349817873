// Access tokens. What a stranger sends must never be taken for a caller, and what was signed only if
// it says who, by whom, until when, in one way. The input is given to the verifier as it is; as header
// and claims, which are then signed with the right key; and as changes to a good token.

#include "domain/base64.hpp"
#include "domain/json.hpp"
#include "gateway/json/claims.hpp"
#include "gateway/token.hpp"

#include <sodium.h>

#include <cstdint>
#include <cstdlib>

using namespace spotter;
using namespace spotter::gateway;

namespace {

constexpr std::int64_t now_seconds = 1'800'000'000;

void require(bool holds) {
  if (!holds)
    std::abort();
}

struct signer {
  std::vector<verification_key> keys;
  unsigned char secret[crypto_sign_SECRETKEYBYTES];

  signer() {
    if (sodium_init() < 0)
      std::abort();
    unsigned char seed[crypto_sign_SEEDBYTES] = {7};
    verification_key key;
    key.kid = "k1";
    crypto_sign_seed_keypair(key.key.data(), secret, seed);
    keys.push_back(key);
  }

  [[nodiscard]] std::string sign(std::string_view header, std::string_view claims) const {
    const auto text = domain::to_base64url(header) + "." + domain::to_base64url(claims);
    std::string signature(crypto_sign_BYTES, '\0');
    crypto_sign_detached(reinterpret_cast<unsigned char*>(signature.data()), nullptr,
                         reinterpret_cast<const unsigned char*>(text.data()), text.size(), secret);
    return text + "." + domain::to_base64url(signature);
  }
};

std::optional<caller> verify(const signer& by, std::string_view token) {
  return verify_token(token, by.keys, "spotter",
                      domain::instant{std::chrono::seconds{now_seconds}});
}

/// What is accepted must hold what the rest relies on.
void check_signed(const signer& by, std::string_view header, std::string_view claims) {
  const auto who = verify(by, by.sign(header, claims));
  if (!who)
    return;
  std::string header_text{header};
  std::string claims_text{claims};
  const auto head = parse_token_header(header_text);
  const auto said = parse_token_claims(claims_text);
  require(head && head->algorithm == "EdDSA" && head->key_id == "k1" && !head->has_critical);
  require(said && said->issuer == "spotter" && said->expires_at > now_seconds);
  require(!who->user_id.is_nil() && !who->login_id.is_nil());
  require(domain::to_string(who->user_id).size() == 36 && !who->api_key);
  require(who->admin == (said->role == "admin"));
}

constexpr std::string_view good_header = R"({"alg":"EdDSA","typ":"JWT","kid":"k1"})";
constexpr std::string_view good_claims =
  R"({"iss":"spotter","sub":"01a20378-08a5-779d-b7c3-1af1b2d289b2",)"
  R"("sid":"01a20378-08a5-779d-b7c3-1af1b2d289b3","role":"member",)"
  R"("iat":1799999990,"exp":1800000600})";

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const signer by;
  static const auto good = by.sign(good_header, good_claims);
  static const bool is_good = verify(by, good).has_value();
  require(is_good);
  const std::string_view bytes{reinterpret_cast<const char*>(data), size};

  require(bytes == good || !verify(by, bytes));

  const auto line = bytes.find('\n');
  if (line != bytes.npos)
    check_signed(by, bytes.substr(0, line), bytes.substr(line + 1));
  check_signed(by, good_header, bytes);
  check_signed(by, bytes, good_claims);

  // Triples of place (two bytes) and value; then what is left behind the end. One spelling only.
  auto changed = good;
  std::size_t at = 0;
  for (; at + 3 <= size && at < 24; at += 3)
    changed[(data[at] * 256u + data[at + 1]) % changed.size()] = static_cast<char>(data[at + 2]);
  require(changed == good || !verify(by, changed));
  changed = good;
  changed += bytes.substr(0, 8);
  require(changed == good || !verify(by, changed));

  if (const auto decoded = domain::from_base64url(bytes))
    require(domain::to_base64url(*decoded) == bytes);
  return 0;
}
