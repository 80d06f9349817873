#include "persistence/redis/redis_address.hpp"

#define CAF_SUITE redis_address
#include "caf/test/dsl.hpp"

using namespace spotter::persistence;

namespace {

redis_address parsed(std::string_view url) {
  const auto result = parse_redis_address(url);
  if (!result)
    CAF_FAIL(std::string{url} << ": " << result.error());
  return *result;
}

} // namespace

CAF_TEST(reads hosts and ports and databases) {
  CAF_CHECK_EQUAL(parsed("redis://cache").host, "cache");
  CAF_CHECK_EQUAL(parsed("redis://cache").port, 6379);
  CAF_CHECK(!parsed("redis://cache").tls);
  const auto full = parsed("rediss://spotter:p%40ss:word@cache.example:6380/3");
  CAF_CHECK(full.tls);
  CAF_CHECK_EQUAL(full.user, "spotter");
  CAF_CHECK_EQUAL(full.password, "p@ss:word");
  CAF_CHECK_EQUAL(full.host, "cache.example");
  CAF_CHECK_EQUAL(full.port, 6380);
  CAF_CHECK_EQUAL(full.database, 3);
  CAF_CHECK_EQUAL(parsed("redis://:secret@[::1]:7000").host, "::1");
  CAF_CHECK_EQUAL(parsed("redis://:secret@[::1]:7000").password, "secret");
  CAF_CHECK_EQUAL(parsed("redis://:secret@[::1]:7000").port, 7000);
}

CAF_TEST(reads paths of sockets) {
  const auto at = parsed("unix://:secret@/run/redis/a%20b.sock?db=2");
  CAF_CHECK_EQUAL(at.path, "/run/redis/a b.sock");
  CAF_CHECK_EQUAL(at.password, "secret");
  CAF_CHECK_EQUAL(at.database, 2);
  CAF_CHECK(at.host.empty());
}

CAF_TEST(refuses what is no address and quotes no password) {
  for (const auto* url :
       {"", "redis", "http://cache", "redis://", "redis://:6379", "redis://cache:0",
        "redis://cache:70000", "redis://cache:port", "redis://cache/x", "redis://[::1",
        "redis://a:%zz@cache", "unix://", "unix://relative/path", "unix:///path?db=x"})
    CAF_CHECK(!parse_redis_address(url));
  const auto wrong = parse_redis_address("redis://me:secret@cache:port");
  CAF_CHECK(wrong.error().find("secret") == std::string::npos);
  CAF_CHECK(parsed("redis://me:secret@cache").to_text().find("secret") == std::string::npos);
}
