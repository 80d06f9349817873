#include "gateway/http/forwarded.hpp"

#define CAF_SUITE forwarded
#include "caf/test/dsl.hpp"

using namespace spotter;
using namespace spotter::gateway;
using boost::asio::ip::make_address;

namespace {

trusted_proxies trust(std::initializer_list<const char*> blocks,
                      forwarded_header header = forwarded_header::x_forwarded_for) {
  trusted_proxies out;
  out.header = header;
  for (const auto* block : blocks)
    out.blocks.push_back(*config::address_block::parse(block));
  return out;
}

using lines = std::initializer_list<std::pair<const char*, const char*>>;

request_source source(const trusted_proxies& trusted, const char* peer, lines headers) {
  request req;
  for (const auto& [name, value] : headers)
    req.add_header(name, value);
  return source_of(req, make_address(peer), trusted);
}

std::string client(const trusted_proxies& trusted, const char* peer, lines headers) {
  return source(trusted, peer, headers).client.to_string();
}

const auto proxies = trust({"10.0.0.0/8", "fd00::/8"});
const auto standard = trust({"10.0.0.0/8", "fd00::/8"}, forwarded_header::forwarded);

} // namespace

CAF_TEST(nobody is believed unless he is trusted) {
  CAF_CHECK_EQUAL(client({}, "10.0.0.1", {{"X-Forwarded-For", "1.2.3.4"}}), "10.0.0.1");
  CAF_CHECK_EQUAL(client(proxies, "11.0.0.1", {{"X-Forwarded-For", "1.2.3.4"}}), "11.0.0.1");
  CAF_CHECK(!source(proxies, "11.0.0.1", {{"X-Forwarded-Proto", "https"}}).https);
}

CAF_TEST(the rightmost that is no proxy is the client) {
  CAF_CHECK_EQUAL(client(proxies, "10.0.0.1", {{"X-Forwarded-For", "1.2.3.4"}}), "1.2.3.4");
  CAF_CHECK_EQUAL(client(proxies, "10.0.0.1", {{"X-Forwarded-For", "6.6.6.6, 1.2.3.4,10.9.9.9"}}),
                  "1.2.3.4");
  // What a client makes up stands left of what the proxy adds.
  CAF_CHECK_EQUAL(client(proxies, "10.0.0.1", {{"X-Forwarded-For", "127.0.0.1, <x>, 1.2.3.4"}}),
                  "1.2.3.4");
  CAF_CHECK_EQUAL(
    client(proxies, "10.0.0.1", {{"X-Forwarded-For", "9.9.9.9"}, {"x-forwarded-for", "1.2.3.4"}}),
    "1.2.3.4");
}

CAF_TEST(when all are proxies the first of them is the client) {
  CAF_CHECK_EQUAL(client(proxies, "10.0.0.1", {{"X-Forwarded-For", "10.0.0.3, 10.0.0.2"}}),
                  "10.0.0.3");
}

CAF_TEST(ports and IPv6 are read) {
  CAF_CHECK_EQUAL(client(proxies, "fd00::1", {{"X-Forwarded-For", "1.2.3.4:5678"}}), "1.2.3.4");
  CAF_CHECK_EQUAL(client(proxies, "10.0.0.1", {{"X-Forwarded-For", "2001:db8::7"}}), "2001:db8::7");
  CAF_CHECK_EQUAL(client(proxies, "10.0.0.1", {{"X-Forwarded-For", "[2001:db8::7]:443"}}),
                  "2001:db8::7");
  CAF_CHECK_EQUAL(client(proxies, "10.0.0.1", {{"X-Forwarded-For", "::ffff:1.2.3.4"}}), "1.2.3.4");
  CAF_CHECK_EQUAL(client(proxies, "::ffff:10.0.0.1", {{"X-Forwarded-For", "1.2.3.4"}}), "1.2.3.4");
}

CAF_TEST(what can not be read leaves the peer) {
  for (const auto* value :
       {"", " ", "unknown", "_hidden", "1.2.3", "1.2.3.4:", "1.2.3.4:x", "[2001:db8::7",
        "[1.2.3.4]", "2001:db8::7]", "fe80::1%eth0", "1.2.3.4,", "\"1.2.3.4\"", "1.2.3.4 5.6.7.8"})
    CAF_CHECK_EQUAL(client(proxies, "10.0.0.1", {{"X-Forwarded-For", value}}), "10.0.0.1");
  CAF_CHECK_EQUAL(client(proxies, "10.0.0.1", {{"X-Forwarded-For", "1.2.3.4, x, 10.0.0.2"}}),
                  "10.0.0.1");
}

CAF_TEST(only the header that the proxies write is read) {
  CAF_CHECK_EQUAL(
    client(proxies, "10.0.0.1", {{"Forwarded", "for=6.6.6.6"}, {"X-Forwarded-For", "1.2.3.4"}}),
    "1.2.3.4");
  CAF_CHECK_EQUAL(
    client(standard, "10.0.0.1", {{"Forwarded", "for=1.2.3.4"}, {"X-Forwarded-For", "6.6.6.6"}}),
    "1.2.3.4");
  CAF_CHECK_EQUAL(client(standard, "10.0.0.1", {{"X-Forwarded-For", "6.6.6.6"}}), "10.0.0.1");
}

CAF_TEST(the standard header is read with its quotes and parameters) {
  CAF_CHECK_EQUAL(client(standard, "10.0.0.1",
                         {{"Forwarded", "for=6.6.6.6;by=\"a,b\", For=\"[2001:db8::7]:47\" ; "
                                        "proto=https;host=x, for=10.0.0.9"}}),
                  "2001:db8::7");
  for (const auto* value : {"for=unknown", "for=_secret", "proto=https", "for", "for=\"1.2.3.4",
                            "for=1.2.3.4;for=5.6.7.8", "for=\"1.2.3.4\"x", "=1.2.3.4"})
    CAF_CHECK_EQUAL(client(standard, "10.0.0.1", {{"Forwarded", value}}), "10.0.0.1");
}

CAF_TEST(a quote that the client opened swallows nothing) {
  for (const auto* value :
       {"for=\"6.6.6.6", "x=\"\\\";for=6.6.6.6;y=", "x=\"", "for=6.6.6.6;x=\"a\\"})
    CAF_CHECK_EQUAL(
      client(standard, "10.0.0.1", {{"Forwarded", value}, {"forwarded", "for=1.2.3.4"}}),
      "1.2.3.4");
}

CAF_TEST(a trusted proxy says whether the client speaks TLS) {
  CAF_CHECK(source(proxies, "10.0.0.1", {{"X-Forwarded-Proto", "HTTPS"}}).https);
  CAF_CHECK(!source(proxies, "10.0.0.1", {{"X-Forwarded-Proto", "http"}}).https);
  CAF_CHECK(!source(proxies, "10.0.0.1", {{"X-Forwarded-Proto", "https, http"}}).https);
  CAF_CHECK(source(standard, "10.0.0.1", {{"Forwarded", "for=1.2.3.4;proto=https"}}).https);
  CAF_CHECK(!source(standard, "10.0.0.1", {{"X-Forwarded-Proto", "https"}}).https);
}

CAF_TEST(a chain without end is not followed) {
  std::string chain = "1.2.3.4";
  for (int i = 0; i < 100; ++i)
    chain += ", 10.0.0.2";
  CAF_CHECK_EQUAL(client(proxies, "10.0.0.1", {{"X-Forwarded-For", chain.c_str()}}), "10.0.0.2");
}
