#include "domain/base64.hpp"

#define CAF_SUITE base64
#include "caf/test/dsl.hpp"

using spotter::domain::from_base64url;
using spotter::domain::to_base64url;

CAF_TEST(the vectors of RFC 4648 come out without padding) {
  CAF_CHECK_EQUAL(to_base64url(""), "");
  CAF_CHECK_EQUAL(to_base64url("f"), "Zg");
  CAF_CHECK_EQUAL(to_base64url("fo"), "Zm8");
  CAF_CHECK_EQUAL(to_base64url("foo"), "Zm9v");
  CAF_CHECK_EQUAL(to_base64url("foob"), "Zm9vYg");
  CAF_CHECK_EQUAL(to_base64url("fooba"), "Zm9vYmE");
  CAF_CHECK_EQUAL(to_base64url("foobar"), "Zm9vYmFy");
  CAF_CHECK_EQUAL(to_base64url("\xfb\xff"), "-_8");
}

CAF_TEST(every byte survives the way there and back) {
  std::string all;
  for (int i = 0; i < 256; ++i) {
    all += static_cast<char>(i);
    CAF_CHECK(from_base64url(to_base64url(all)) == all);
  }
}

CAF_TEST(what is not the one spelling of a value is refused) {
  for (const char* wrong :
       {"Z", "Zg==", "Zm8=", "Zm9v=", "Zh", "Zm9", "Zm 8", "Zm+8", "Zm/8", "Zm9vY", "\xc3\xbc"})
    CAF_CHECK(!from_base64url(wrong));
  CAF_CHECK(!from_base64url(std::string_view{"Zm9\0", 4}));
}
