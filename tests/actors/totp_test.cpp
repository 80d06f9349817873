#include "actors/factors/totp.hpp"

#include "actors/factors/opaque_token.hpp"
#include "actors/factors/qr_code.hpp"
#include "actors/factors/recovery_code.hpp"

#define CAF_SUITE totp
#include "caf/test/dsl.hpp"

#include <set>

using namespace spotter;
using namespace spotter::actors::factors;

namespace {

// The key of RFC 6238's test vectors; theirs have eight digits, ours the last six of them.
const std::string rfc_key = "12345678901234567890";

domain::instant at(std::int64_t seconds) {
  return domain::from_millis(seconds * 1000);
}

} // namespace

CAF_TEST(codes are those of the standard) {
  const std::pair<std::int64_t, const char*> vectors[] = {
    {59, "287082"},         {1111111109, "081804"}, {1111111111, "050471"},
    {1234567890, "005924"}, {2000000000, "279037"}, {20000000000, "353130"}};
  for (const auto& [seconds, code] : vectors)
    CAF_CHECK_EQUAL(totp_code(rfc_key, totp_step_of(at(seconds))), code);
}

CAF_TEST(a code is good one step early and late and no more) {
  const auto code = totp_code(rfc_key, 100);
  CAF_CHECK(matching_step(rfc_key, code, at(100 * 30), 0) == 100);
  CAF_CHECK(matching_step(rfc_key, code, at(99 * 30), 0) == 100);
  CAF_CHECK(matching_step(rfc_key, code, at(101 * 30 + 29), 0) == 100);
  CAF_CHECK(!matching_step(rfc_key, code, at(98 * 30 + 29), 0));
  CAF_CHECK(!matching_step(rfc_key, code, at(102 * 30), 0));
}

CAF_TEST(a step that was used is over with all before it) {
  const auto code = totp_code(rfc_key, 100);
  CAF_CHECK(matching_step(rfc_key, code, at(3000), 99) == 100);
  CAF_CHECK(!matching_step(rfc_key, code, at(3000), 100));
  CAF_CHECK(!matching_step(rfc_key, code, at(3000), 101));
}

CAF_TEST(only six digits are a code) {
  for (const char* code : {"", "12345", "1234567", "12345a", "-12345", "１２３４５６"})
    CAF_CHECK(!matching_step(rfc_key, code, at(3000), 0));
}

CAF_TEST(secrets differ and are told to authenticators) {
  const auto secret = make_totp_secret();
  CAF_CHECK_EQUAL(secret.size(), 20u);
  CAF_CHECK(secret != make_totp_secret());
  CAF_CHECK_EQUAL(totp_secret_text(rfc_key), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
  CAF_CHECK_EQUAL(totp_uri(rfc_key, "a+b@x.org"),
                  "otpauth://totp/Spotter:a%2Bb%40x.org?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
                  "&issuer=Spotter&algorithm=SHA1&digits=6&period=30");
}

CAF_TEST(the picture has shapes only) {
  const auto svg = make_qr_svg(totp_uri(rfc_key, "ada@example.org"));
  CAF_CHECK(svg.starts_with("<svg xmlns="));
  CAF_CHECK(svg.ends_with("</svg>"));
  for (const char* word : {"style", "script", "href", "on", "data:"})
    CAF_CHECK(svg.find(word) == std::string::npos);
  CAF_CHECK(make_qr_svg(std::string(5000, 'x')).empty());
}

CAF_TEST(recovery codes name their slots and read back as people type them) {
  const auto codes = make_recovery_codes();
  CAF_CHECK_EQUAL(codes.size(), recovery_code_count);
  std::set<std::string> different;
  for (std::size_t i = 0; i < codes.size(); ++i) {
    CAF_CHECK_EQUAL(codes[i].size(), 24u);
    const auto typed = read_recovery_code(codes[i]);
    CAF_REQUIRE(typed.has_value());
    CAF_CHECK_EQUAL(typed->slot, static_cast<int>(i));
    different.insert(typed->text);
  }
  CAF_CHECK_EQUAL(different.size(), codes.size());
  const auto typed = read_recovery_code("0ABC DEFG HJKM NPQR STVW");
  CAF_REQUIRE(typed.has_value());
  CAF_CHECK_EQUAL(typed->text, "0abcdefghjkmnpqrstvw");
  CAF_CHECK_EQUAL(read_recovery_code("OIL0-0000-0000-0000-0000")->text, "01100000000000000000");
  for (const char* text : {"", "123456", "abcd-efgh-jkmn-pqrs-tvwx", "0000-0000-0000-0000-000",
                           "0000-0000-0000-0000-00000", "0000-0000-0000-0000-000u"})
    CAF_CHECK(!read_recovery_code(text));
}

CAF_TEST(tokens name their user and nothing else) {
  const auto user = domain::make_uuid_v7();
  const auto token = make_token(api_key_prefix, user);
  CAF_CHECK_EQUAL(token.size(), 68u);
  const auto claim = read_token(api_key_prefix, token);
  CAF_REQUIRE(claim.has_value());
  CAF_CHECK(claim->user_id == user);
  CAF_CHECK_EQUAL(claim->hash.size(), 32u);
  CAF_CHECK(make_token(api_key_prefix, user) != token);
  CAF_CHECK(!read_token("spm_", token));
  CAF_CHECK(!read_token(api_key_prefix, token + "A"));
  CAF_CHECK(!read_token(api_key_prefix, "spk_"));
  CAF_CHECK(!read_token(api_key_prefix, "spk_" + std::string(64, '!')));
}
