#include "gateway/token.hpp"

#include "domain/base64.hpp"

#include <sodium.h>

#define CAF_SUITE token
#include "caf/test/dsl.hpp"

using namespace spotter;
using namespace spotter::gateway;
using domain::to_base64url;

namespace {

const domain::instant now = *domain::parse_rfc3339("2026-03-01T17:00:00Z");
const auto now_s = domain::to_millis(now) / 1000;

constexpr auto user = "01a20378-08a5-779d-b7c3-1af1b2d289b2";
constexpr auto login = "01a20378-08a5-779d-b7c3-1af1b2d289b3";

std::shared_ptr<key_set> keys_of(std::vector<verification_key> keys) {
  auto out = std::make_shared<key_set>();
  out->replace(std::move(keys));
  return out;
}

struct fixture {
  verification_key key;
  unsigned char secret[crypto_sign_SECRETKEYBYTES];

  fixture() {
    if (sodium_init() < 0)
      CAF_FAIL("no libsodium");
    key.kid = "k1";
    crypto_sign_keypair(key.key.data(), secret);
  }

  static std::string claims(std::int64_t issued, std::int64_t expires,
                            std::string_view issuer = "spotter") {
    return R"({"iss":")" + std::string(issuer) + R"(","sub":")" + user + R"(","sid":")" + login
           + R"(","role":"member","iat":)" + std::to_string(issued) + R"(,"exp":)"
           + std::to_string(expires) + "}";
  }

  static std::string good_claims() { return claims(now_s - 10, now_s + 600); }

  std::string sign(std::string_view header, std::string_view body) const {
    auto text = to_base64url(header) + "." + to_base64url(body);
    std::string signature(crypto_sign_BYTES, '\0');
    crypto_sign_detached(reinterpret_cast<unsigned char*>(signature.data()), nullptr,
                         reinterpret_cast<const unsigned char*>(text.data()), text.size(), secret);
    return text + "." + to_base64url(signature);
  }

  bool accepts(std::string_view token) const {
    return verify_token(token, {key}, "spotter", now).has_value();
  }

  bool accepts(std::string_view header, std::string_view body) const {
    return accepts(sign(header, body));
  }
};

constexpr std::string_view good_header = R"({"alg":"EdDSA","typ":"JWT","kid":"k1"})";

} // namespace

CAF_TEST_FIXTURE_SCOPE(token_tests, fixture)

CAF_TEST(accepts what it should and says whose it is) {
  const auto who = verify_token(sign(good_header, good_claims()), {key}, "spotter", now);
  CAF_REQUIRE(who.has_value());
  CAF_CHECK_EQUAL(domain::to_string(who->user_id), user);
  CAF_CHECK_EQUAL(domain::to_string(who->login_id), login);
  CAF_CHECK_EQUAL(domain::to_millis(who->expires_at), (now_s + 600) * 1000);
  CAF_CHECK(!who->admin);
}

CAF_TEST(lets no token choose its algorithm) {
  CAF_CHECK(!accepts(R"({"alg":"none","kid":"k1"})", good_claims()));
  CAF_CHECK(!accepts(R"({"alg":"HS256","kid":"k1"})", good_claims()));
  CAF_CHECK(!accepts(R"({"alg":"eddsa","kid":"k1"})", good_claims()));
  CAF_CHECK(!accepts(R"({"kid":"k1"})", good_claims()));
  const auto unsigned_token =
    to_base64url(R"({"alg":"none","kid":"k1"})") + "." + to_base64url(good_claims()) + ".";
  CAF_CHECK(!accepts(unsigned_token));
  // The public key as the secret of an HMAC, the classic confusion.
  const auto text =
    to_base64url(R"({"alg":"HS256","kid":"k1"})") + "." + to_base64url(good_claims());
  std::string mac(crypto_auth_hmacsha256_BYTES, '\0');
  crypto_auth_hmacsha256(reinterpret_cast<unsigned char*>(mac.data()),
                         reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                         key.key.data());
  CAF_CHECK(!accepts(text + "." + to_base64url(mac)));
}

CAF_TEST(knows its keys and its issuer) {
  CAF_CHECK(!accepts(R"({"alg":"EdDSA","kid":"k2"})", good_claims()));
  CAF_CHECK(!accepts(R"({"alg":"EdDSA"})", good_claims()));
  CAF_CHECK(!accepts(good_header, claims(now_s - 10, now_s + 600, "other")));
}

CAF_TEST(refuses headers that ask for more than it understands) {
  CAF_CHECK(!accepts(R"({"alg":"EdDSA","kid":"k1","crit":["b64"],"b64":false})", good_claims()));
  CAF_CHECK(!accepts(R"({"alg":"EdDSA","alg":"none","kid":"k1"})", good_claims()));
}

CAF_TEST(keeps to the times) {
  CAF_CHECK(!accepts(good_header, claims(now_s - 700, now_s)));
  CAF_CHECK(accepts(good_header, claims(now_s - 700, now_s + 1)));
  CAF_CHECK(!accepts(good_header, claims(now_s + 300, now_s + 600)));
}

CAF_TEST(refuses what is meant for others or for later) {
  const auto with = [](const std::string& more) {
    auto text = good_claims();
    text.insert(1, more + ",");
    return text;
  };
  CAF_CHECK(accepts(good_header, with(R"("aud":"spotter")")));
  CAF_CHECK(!accepts(good_header, with(R"("aud":"elsewhere")")));
  CAF_CHECK(!accepts(good_header, with(R"("aud":["spotter"])")));
  CAF_CHECK(accepts(good_header, with("\"nbf\":" + std::to_string(now_s))));
  CAF_CHECK(!accepts(good_header, with("\"nbf\":" + std::to_string(now_s + 3600))));
  CAF_CHECK(!accepts(good_header, with(R"("nbf":"tomorrow")")));
}

CAF_TEST(knows logins that were opened with a second factor) {
  const auto with_factor = [this](const std::string& methods) {
    auto text = good_claims();
    text.insert(1, "\"amr\":" + methods + ",");
    const auto who = verify_token(sign(good_header, text), {key}, "spotter", now);
    return who ? std::optional{who->second_factor} : std::nullopt;
  };
  CAF_CHECK(!verify_token(sign(good_header, good_claims()), {key}, "spotter", now)->second_factor);
  CAF_CHECK(with_factor("[]") == false);
  CAF_CHECK(with_factor(R"(["pwd"])") == false);
  CAF_CHECK(with_factor(R"(["OTP","otp "])") == false);
  CAF_CHECK(with_factor(R"(["pwd","otp"])") == true);
  CAF_CHECK(with_factor(R"("otp")") == std::nullopt);
  CAF_CHECK(with_factor(R"([1])") == std::nullopt);
  CAF_CHECK(with_factor(R"(["pwd"],"amr":["otp"])") == std::nullopt);
}

CAF_TEST(needs every claim with its type) {
  for (const auto* bad :
       {R"({})", R"([])", R"({"iss":"spotter"})",
        R"({"iss":"spotter","sub":1,"sid":"x","role":"m","iat":1,"exp":9999999999})",
        R"({"iss":"spotter","sub":"x","sid":"y","role":"m","iat":1,"exp":9999999999})",
        R"({"iss":"spotter","sub":"01a20378-08a5-779d-b7c3-1af1b2d289b2",
          "sid":"01a20378-08a5-779d-b7c3-1af1b2d289b3","role":"m","iat":1,"exp":"9999999999"})"})
    CAF_CHECK(!accepts(good_header, bad));
}

CAF_TEST(refuses every change of a byte) {
  const auto token = sign(good_header, good_claims());
  for (std::size_t i = 0; i < token.size(); ++i) {
    auto changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    if (changed != token)
      CAF_CHECK(!accepts(changed));
  }
}

CAF_TEST(refuses other shapes) {
  const auto token = sign(good_header, good_claims());
  for (const auto& bad : {std::string{}, std::string{"."}, std::string{".."}, token + ".",
                          token + ".x", token + "=", " " + token, std::string(5'000, 'a')})
    CAF_CHECK(!accepts(bad));
}

CAF_TEST(follows the keys as they come and go) {
  const auto keys = keys_of({key});
  token_verifier verifier{keys, "spotter"};
  const auto token = sign(good_header, good_claims());
  CAF_CHECK(verifier.verify(token, now).has_value());
  keys->replace({});
  CAF_CHECK(!verifier.verify(token, now).has_value());
  auto other = key;
  other.kid = "k2";
  keys->replace({other, key});
  CAF_CHECK(verifier.verify(token, now).has_value());
}

CAF_TEST(asks for new keys once in a while however many tokens name unknown ones) {
  const auto keys = keys_of({key});
  token_verifier verifier{keys, "spotter"};
  const auto unknown = sign(R"({"alg":"EdDSA","kid":"k9"})", good_claims());
  CAF_CHECK(!verifier.verify(unknown, now).has_value());
  CAF_CHECK(verifier.must_look_for_keys(now));
  CAF_CHECK(!verifier.must_look_for_keys(now + std::chrono::seconds{10}));
  for (int i = 0; i < 100; ++i) {
    CAF_CHECK(!verifier.verify(unknown, now).has_value());
    CAF_CHECK(!verifier.must_look_for_keys(now + std::chrono::milliseconds{i}));
  }
  CAF_CHECK(!verifier.verify(unknown, now).has_value());
  CAF_CHECK(verifier.must_look_for_keys(now + std::chrono::seconds{3}));
  CAF_MESSAGE("anything else that is refused is no reason");
  const auto later = now + std::chrono::seconds{60};
  for (const auto& bad : {std::string{"a.b.c"}, sign(R"({"alg":"none","kid":"k9"})", good_claims()),
                          sign(good_header, claims(now_s - 700, now_s))}) {
    CAF_CHECK(!verifier.verify(bad, later).has_value());
    CAF_CHECK(!verifier.must_look_for_keys(later));
  }
}

CAF_TEST(refuses the tokens of a login that has ended) {
  token_verifier verifier{keys_of({key}), "spotter"};
  const auto token = sign(good_header, good_claims());
  CAF_CHECK(verifier.verify(token, now).has_value());
  CAF_CHECK(verifier.verify(token, now).has_value());
  verifier.revoke(*domain::parse_uuid(login), now);
  CAF_CHECK(!verifier.verify(token, now).has_value());
  verifier.sweep(now);
  CAF_CHECK(!verifier.verify(token, now).has_value());
}

CAF_TEST(remembers a token no longer than it is valid) {
  token_verifier verifier{keys_of({key}), "spotter"};
  const auto token = sign(good_header, good_claims());
  CAF_CHECK(verifier.verify(token, now).has_value());
  CAF_CHECK(!verifier.verify(token, now + std::chrono::seconds{600}).has_value());
}

CAF_TEST(remembers API keys however many are made up) {
  token_verifier verifier{keys_of({}), "spotter"};
  messages::api_key_checked found;
  found.found = true;
  found.user_id = *domain::parse_uuid(user);
  found.api_key_id = *domain::parse_uuid(login);
  verifier.learn("spk_known", found, now);
  CAF_CHECK(!verifier.must_ask("spk_known", now));
  for (int i = 0; i < 20'000; ++i)
    verifier.learn("spk_" + std::to_string(i), {}, now);
  CAF_CHECK(!verifier.must_ask("spk_known", now));
  CAF_CHECK(verifier.verify("spk_known", now).has_value());
  CAF_CHECK(!verifier.must_ask("spk_19999", now));
  CAF_CHECK(!verifier.verify("spk_19999", now).has_value());
  verifier.learn("spk_known", {}, now);
  CAF_CHECK(!verifier.verify("spk_known", now).has_value());
}

CAF_TEST(publishes its keys) {
  CAF_CHECK_EQUAL(
    to_jwks({key}),
    R"({"keys":[{"kty":"OKP","crv":"Ed25519","use":"sig","alg":"EdDSA","kid":"k1","x":")"
      + to_base64url({reinterpret_cast<const char*>(key.key.data()), 32}) + R"("}]})");
}

CAF_TEST_FIXTURE_SCOPE_END()
