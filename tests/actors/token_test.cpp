#include "actors/identity/access_token.hpp"
#include "actors/identity/refresh_token.hpp"
#include "actors/identity/signing_key.hpp"

#include "domain/base64.hpp"

#include <sodium.h>

#define CAF_SUITE token
#include "caf/test/dsl.hpp"

#include <filesystem>
#include <fstream>

#include <sys/stat.h>

using namespace spotter;
using namespace spotter::actors::identity;

namespace {

const domain::uuid user_id = *domain::parse_uuid("01890a5d-ac96-774b-bcce-b302099a8057");
const domain::uuid login_id = *domain::parse_uuid("01890a5d-ac97-7000-8000-0123456789ab");

/// A decoder that is not ours.
std::string decoded(std::string_view text) {
  std::string out(text.size(), '\0');
  std::size_t size = 0;
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(out.data()), out.size(), text.data(),
                        text.size(), nullptr, &size, nullptr,
                        sodium_base64_VARIANT_URLSAFE_NO_PADDING)
      != 0)
    CAF_FAIL("not base64url: " << std::string{text});
  out.resize(size);
  return out;
}

struct folder {
  std::filesystem::path path;

  folder() {
    std::string name = (std::filesystem::temp_directory_path() / "spotter-key-XXXXXX").string();
    if (!::mkdtemp(name.data()))
      CAF_FAIL("no temporary folder");
    path = name;
  }
  ~folder() { std::filesystem::remove_all(path); }
};

} // namespace

CAF_TEST(an access token is a JWT that anybody can check) {
  const signing_key key{signing_key::seed_bytes{7, 7, 7}};
  const auto at = *domain::parse_rfc3339("2026-03-01T17:00:00.9Z");
  const auto token =
    make_access_token(key, {user_id, login_id, "member", at, at + std::chrono::seconds{600}});
  const auto first = token.find('.');
  const auto second = token.rfind('.');
  CAF_REQUIRE(first != std::string::npos && second > first);
  CAF_CHECK_EQUAL(decoded(std::string_view{token}.substr(0, first)),
                  R"({"alg":"EdDSA","typ":"JWT","kid":")" + key.key_id() + R"("})");
  CAF_CHECK_EQUAL(decoded(std::string_view{token}.substr(first + 1, second - first - 1)),
                  R"({"iss":"spotter","sub":"01890a5d-ac96-774b-bcce-b302099a8057",)"
                  R"("sid":"01890a5d-ac97-7000-8000-0123456789ab","role":"member",)"
                  R"("amr":["pwd"],"iat":1772384400,"exp":1772385000})");
  const auto signature = decoded(std::string_view{token}.substr(second + 1));
  CAF_REQUIRE_EQUAL(signature.size(), std::size_t{crypto_sign_BYTES});
  auto verify = [&](std::string_view signed_part) {
    return crypto_sign_verify_detached(reinterpret_cast<const unsigned char*>(signature.data()),
                                       reinterpret_cast<const unsigned char*>(signed_part.data()),
                                       signed_part.size(), key.public_key().data());
  };
  CAF_CHECK_EQUAL(verify(std::string_view{token}.substr(0, second)), 0);
  auto forged = token;
  forged[first + 5] ^= 1;
  CAF_CHECK_EQUAL(verify(std::string_view{forged}.substr(0, second)), -1);
}

CAF_TEST(an access token says by what its login was opened) {
  const signing_key key{signing_key::seed_bytes{7, 7, 7}};
  const auto at = *domain::parse_rfc3339("2026-03-01T17:00:00Z");
  const auto token =
    make_access_token(key, {user_id, login_id, "admin", at, at + std::chrono::seconds{600}, true});
  const auto first = token.find('.');
  const auto claims =
    decoded(std::string_view{token}.substr(first + 1, token.rfind('.') - first - 1));
  CAF_CHECK(claims.find(R"("role":"admin","amr":["pwd","otp"],)") != std::string::npos);
}

CAF_TEST(a refresh token is the same each time it is made) {
  const signing_key key{signing_key::seed_bytes{7}};
  const auto salt = make_family_salt();
  const auto token = make_refresh_token(key, user_id, login_id, 258, salt);
  CAF_CHECK_EQUAL(token, make_refresh_token(key, user_id, login_id, 258, salt));
  CAF_CHECK_NOT_EQUAL(token, make_refresh_token(key, user_id, login_id, 259, salt));
  const auto claim = parse_refresh_token(token);
  CAF_REQUIRE(claim.has_value());
  CAF_CHECK(claim->user_id == user_id);
  CAF_CHECK(claim->login_id == login_id);
  CAF_CHECK_EQUAL(claim->generation, 258u);
  CAF_CHECK(is_sealed(key, *claim, salt));
  CAF_CHECK(!is_sealed(key, *claim, make_family_salt()));
}

CAF_TEST(every change of a refresh token breaks its seal or its form) {
  const signing_key key{signing_key::seed_bytes{7}};
  const auto salt = make_family_salt();
  const auto token = make_refresh_token(key, user_id, login_id, 1, salt);
  for (std::size_t i = 0; i < token.size(); ++i) {
    auto changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    const auto claim = parse_refresh_token(changed);
    CAF_CHECK(!claim || !is_sealed(key, *claim, salt));
  }
  CAF_CHECK(!parse_refresh_token(token + "A"));
  CAF_CHECK(!parse_refresh_token(token.substr(1)));
  CAF_CHECK(!parse_refresh_token(token.substr(0, 90) + "="));
}

CAF_TEST(the key file is made once and for its owner only) {
  const folder temporary;
  const auto path = temporary.path / "token.key";
  const auto first = load_or_create_key(path);
  struct stat about {};
  CAF_REQUIRE_EQUAL(::stat(path.c_str(), &about), 0);
  CAF_CHECK_EQUAL(about.st_mode & 0777u, 0600u);
  CAF_CHECK_EQUAL(about.st_size, 32);
  const auto again = load_or_create_key(path);
  CAF_CHECK_EQUAL(again.key_id(), first.key_id());
  CAF_CHECK_EQUAL(first.key_id().size(), 16u);
  CAF_CHECK_EQUAL(again.authenticate("x"), first.authenticate("x"));
  CAF_MESSAGE("no draft is left behind");
  CAF_CHECK_EQUAL(std::distance(std::filesystem::directory_iterator{temporary.path}, {}), 1);
}

CAF_TEST(a key file that was cut off is refused and not replaced) {
  const folder temporary;
  const auto path = temporary.path / "token.key";
  std::ofstream{path} << "too short";
  CAF_CHECK_THROWS_AS(static_cast<void>(load_or_create_key(path)), std::runtime_error);
  CAF_CHECK_EQUAL(std::filesystem::file_size(path), 9u);
}

CAF_TEST(a key file that cannot be made is a reason not to start) {
  CAF_CHECK_THROWS_AS(static_cast<void>(load_or_create_key("/nowhere/at/all/token.key")),
                      std::runtime_error);
}
