#include "config/address_block.hpp"

#define CAF_SUITE address_block
#include "caf/test/dsl.hpp"

using namespace spotter::config;

namespace {

bool contains(std::string_view block, std::string_view address) {
  const auto parsed = address_block::parse(block);
  const auto bytes = parse_address(address);
  CAF_REQUIRE(parsed.has_value());
  CAF_REQUIRE(bytes.has_value());
  return parsed->contains(*bytes);
}

} // namespace

CAF_TEST(a block holds what has its first bits) {
  CAF_CHECK(contains("10.0.0.0/8", "10.255.0.1"));
  CAF_CHECK(!contains("10.0.0.0/8", "11.0.0.1"));
  CAF_CHECK(contains("192.168.4.0/23", "192.168.5.255"));
  CAF_CHECK(!contains("192.168.4.0/23", "192.168.6.0"));
  CAF_CHECK(contains("fd00::/8", "fdff::1"));
  CAF_CHECK(!contains("fd00::/8", "fe80::1"));
  CAF_CHECK(contains("0.0.0.0/0", "255.255.255.255"));
  CAF_CHECK(!contains("0.0.0.0/0", "2001:db8::1"));
}

CAF_TEST(an address without a prefix stands for itself) {
  CAF_CHECK(contains("127.0.0.1", "127.0.0.1"));
  CAF_CHECK(!contains("127.0.0.1", "127.0.0.2"));
  CAF_CHECK(contains("::1", "::1"));
  CAF_CHECK(!contains("::1", "127.0.0.1"));
}

CAF_TEST(it does not matter how an IPv4 address is written) {
  CAF_CHECK(contains("10.0.0.0/8", "::ffff:10.1.2.3"));
  CAF_CHECK(contains("::ffff:10.0.0.0/104", "10.1.2.3"));
}

CAF_TEST(what is no block is refused) {
  for (const auto* text :
       {"", "/8", "10.0.0.0/", "10.0.0.0/33", "::/129", "10.0.0.0/-1", "10.0.0.0/8x", "10.0.0.1/8",
        "fd00::1/8", "10.0.0", "10.0.0.0.0", "proxy.example", "fe80::1%lo", " 10.0.0.0/8", "*"})
    CAF_CHECK(!address_block::parse(text));
  CAF_CHECK(!parse_address(std::string_view{"127.0.0.1\0", 10}));
}
