#include "actors/sealing/sealing.hpp"

#include "actors/sealing/key_file.hpp"

#define CAF_SUITE sealing
#include "caf/test/dsl.hpp"

#include <filesystem>
#include <set>
#include <sys/stat.h>

using namespace spotter::actors::sealing;

namespace {

sealing_key key_of(std::uint8_t fill) {
  sealing_key::key_bytes bytes{};
  bytes.fill(fill);
  return sealing_key{bytes};
}

const std::string secret{"a secret\0with zeros", 19};

} // namespace

CAF_TEST(what is sealed opens in its context) {
  const sealer s{{key_of(1)}};
  const auto sealed = s.seal(secret, "totp/1");
  CAF_CHECK(s.open(sealed, "totp/1") == secret);
  CAF_CHECK(sealed.find("a secret") == std::string::npos);
  CAF_CHECK(s.open(s.seal("", "x"), "x") == "");
}

CAF_TEST(another context opens nothing) {
  const sealer s{{key_of(1)}};
  const auto sealed = s.seal(secret, "totp/1");
  for (const char* context : {"totp/2", "totp/", "", "totp/1 "})
    CAF_CHECK(!s.open(sealed, context));
}

CAF_TEST(one bit that differs anywhere is refused) {
  const sealer s{{key_of(1)}};
  const auto sealed = s.seal(secret, "c");
  for (std::size_t i = 0; i < sealed.size(); ++i)
    for (int bit = 0; bit < 8; ++bit) {
      auto changed = sealed;
      changed[i] = static_cast<char>(changed[i] ^ (1 << bit));
      if (s.open(changed, "c"))
        CAF_ERROR("bit " << bit << " of byte " << i << " went unnoticed");
    }
}

CAF_TEST(what is shorter or longer is refused) {
  const sealer s{{key_of(1)}};
  const auto sealed = s.seal(secret, "c");
  for (std::size_t n = 0; n < sealed.size(); ++n)
    if (s.open(sealed.substr(0, n), "c"))
      CAF_ERROR(n << " bytes opened");
  CAF_CHECK(!s.open(sealed + '\0', "c"));
}

CAF_TEST(no two sealings look alike) {
  const sealer s{{key_of(1)}};
  std::set<std::string> seen;
  for (int i = 0; i < 50; ++i)
    seen.insert(s.seal(secret, "c"));
  CAF_CHECK_EQUAL(seen.size(), 50u);
}

CAF_TEST(a key is named without being told) {
  const auto key = key_of(7);
  CAF_CHECK_EQUAL(key.id().size(), 8u);
  CAF_CHECK(key.id() == key_of(7).id());
  CAF_CHECK(key.id() != key_of(8).id());
  CAF_CHECK(key.id().find('\7') == std::string::npos);
  const sealer s{{key}};
  CAF_CHECK(sealer::key_id_of(s.seal("x", "c")) == key.id());
  CAF_CHECK(!sealer::key_id_of("nonsense"));
}

CAF_TEST(old keys still open and a new one takes over) {
  const sealer before{{key_of(1)}};
  const sealer during{{key_of(2), key_of(1)}};
  const sealer afterwards{{key_of(2)}};
  const auto old = before.seal(secret, "c");
  CAF_CHECK(during.open(old, "c") == secret);
  CAF_CHECK(!afterwards.open(old, "c"));
  const auto moved = during.rewrap(old, "c");
  CAF_REQUIRE(moved.has_value());
  CAF_CHECK(sealer::key_id_of(*moved) == key_of(2).id());
  CAF_CHECK(afterwards.open(*moved, "c") == secret);
  CAF_CHECK(!afterwards.open(*moved, "d"));
  CAF_MESSAGE("the content itself was not touched");
  CAF_CHECK(moved->substr(moved->size() - secret.size() - 16)
            == old.substr(old.size() - secret.size() - 16));
  CAF_CHECK(!during.rewrap(old, "d"));
}

CAF_TEST(a key may be written in several ways) {
  key_bytes key{};
  key.fill(0xfe);
  const std::string raw{key.begin(), key.end()};
  std::string hex;
  for (int i = 0; i < 32; ++i)
    hex += "fE";
  const std::string base64 = "/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v4=";
  const std::string base64url = "_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v4";
  for (const auto& form : {raw, hex, hex + "\n", base64, base64 + "\r\n", base64url})
    CAF_CHECK(parse_key(form) == key);
  for (const auto& form : {std::string{}, raw + "x", raw.substr(1), hex + "0", hex.substr(1),
                           hex.substr(1) + "g", base64 + "A", std::string(44, '=')})
    CAF_CHECK(!parse_key(form));
}

CAF_TEST(the key file is made once and for its owner only) {
  const auto folder = std::filesystem::temp_directory_path() / "spotter-sealing-test";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  const auto path = folder / "sealing.key";
  CAF_CHECK_THROWS_AS((void)read_key_file(path), std::runtime_error);
  const auto made = read_or_create_key_file(path, "does harm");
  struct stat about {};
  CAF_REQUIRE(::stat(path.c_str(), &about) == 0);
  CAF_CHECK_EQUAL(about.st_mode & 0777u, 0600u);
  CAF_CHECK(read_or_create_key_file(path, "does harm") == made);
  CAF_CHECK(read_key_file(path) == made);
  std::filesystem::resize_file(path, 31);
  CAF_CHECK_THROWS_AS((void)read_or_create_key_file(path, "does harm"), std::runtime_error);
  std::filesystem::remove_all(folder);
}
