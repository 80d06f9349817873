#include "gateway/http/header_values.hpp"

#define CAF_SUITE header_values
#include "caf/test/dsl.hpp"

using namespace spotter::gateway;

CAF_TEST(a host is a name or an address with an optional port) {
  for (const auto* good : {"a", "spotter.example", "spotter.example:8080", "127.0.0.1:1", "[::1]",
                           "[2001:db8::7]:443", "under_score"})
    CAF_CHECK(is_host(good));
  for (const auto* bad :
       {"",   "a b",  "a,b",    "a/b", "user@a", "a:b",  "a:",   "a:123456", ":80",   "[::1",
        "[]", "[]:1", "[::1]x", "a?b", "a#b",    "a%00", "a\\b", "a;b",      "\"a\"", "*"})
    CAF_CHECK(!is_host(bad));
  CAF_CHECK(!is_host(std::string(300, 'a')));
}

CAF_TEST(a bearer token is what follows the scheme) {
  CAF_CHECK_EQUAL(bearer("Bearer abc"), "abc");
  CAF_CHECK_EQUAL(bearer("bEaReR   abc"), "abc");
  CAF_CHECK(bearer("Basic abc").empty());
  CAF_CHECK(bearer("Bearer").empty());
  CAF_CHECK(bearer("Bearerabc").empty());
}

CAF_TEST(a request id can break no header) {
  CAF_CHECK(is_request_id("my-request_1.2"));
  for (const auto* bad : {"", "a b", "a\r\nb", "a;b", "<a>"})
    CAF_CHECK(!is_request_id(bad));
  CAF_CHECK(!is_request_id(std::string(65, 'a')));
}
