#include "gateway/http/request_parser.hpp"

#define CAF_SUITE request_parser
#include "caf/test/dsl.hpp"

using namespace spotter::gateway;
using step = request_parser::step;

namespace {

/// Feeds everything in pieces, as a connection would; stops at the end, at a failure or when done.
step feed(request_parser& parser, std::string_view bytes, std::size_t piece = 1 << 20,
          std::uint64_t body_limit = 1024) {
  std::string held;
  for (std::size_t at = 0; at <= bytes.size(); at += piece) {
    held += bytes.substr(std::min(at, bytes.size()), piece);
    while (true) {
      std::size_t used = 0;
      const auto reached = parser.feed(held, used);
      held.erase(0, used);
      if (reached == step::head) {
        parser.body_limit(body_limit);
        continue;
      }
      if (reached != step::need_more)
        return reached;
      break;
    }
  }
  return step::need_more;
}

http_problem problem_of(std::string_view bytes) {
  request_parser parser{1'024, 512};
  CAF_REQUIRE_EQUAL(static_cast<int>(feed(parser, bytes)), static_cast<int>(step::failed));
  return parser.problem();
}

constexpr std::string_view post = "POST /v1/workouts?x=1 HTTP/1.1\r\nHost: a\r\nContent-Type: "
                                  "application/json\r\nContent-Length: 2\r\n\r\n{}";

} // namespace

CAF_TEST(reads a request however it is cut) {
  for (const std::size_t piece : {1u, 2u, 3u, 7u, 1000u}) {
    request_parser parser{1'024, 512};
    CAF_REQUIRE(feed(parser, post, piece) == step::done);
    auto& r = parser.current();
    CAF_CHECK(r.method == verb::post);
    CAF_CHECK_EQUAL(r.path(), "/v1/workouts");
    CAF_CHECK_EQUAL(r.query(), "x=1");
    CAF_CHECK_EQUAL(r.header("content-type"), "application/json");
    CAF_CHECK_EQUAL(r.body, "{}");
    CAF_CHECK(r.keep_alive);
  }
}

CAF_TEST(leaves what belongs to the next request) {
  request_parser parser{1'024, 512};
  const std::string two = std::string(post) + "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  std::size_t used = 0;
  CAF_REQUIRE(parser.feed(two, used) == step::head);
  std::size_t body = 0;
  CAF_REQUIRE(parser.feed(std::string_view{two}.substr(used), body) == step::done);
  CAF_CHECK_EQUAL(used + body, post.size());
}

CAF_TEST(reads chunks) {
  request_parser parser{1'024, 512};
  CAF_REQUIRE(feed(parser,
                   "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                   "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n",
                   1)
              == step::done);
  CAF_CHECK_EQUAL(parser.current().body, "abcde");
}

CAF_TEST(reads the last chunk in single bytes) {
  for (const auto* body : {"0\r\n\r\n", "1\r\na\r\n0\r\n\r\n", "000;a\r\n\r\n"}) {
    request_parser parser{1'024, 512};
    const auto head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    CAF_CHECK(feed(parser, std::string(head) + body, 1) == step::done);
  }
}

CAF_TEST(bounds chunked bodies) {
  request_parser parser{1'024, 512};
  std::string bytes = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 300; ++i)
    bytes += "4\r\nabcd\r\n";
  CAF_CHECK(feed(parser, bytes) == step::failed);
  CAF_CHECK(parser.problem() == http_problem::too_large);
}

CAF_TEST(refuses what proxies read differently) {
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\n";
  CAF_CHECK(problem_of(head + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc")
            == http_problem::malformed_request);
  CAF_CHECK(problem_of(head + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\nabc")
            == http_problem::malformed_request);
  CAF_CHECK(problem_of(head + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc")
            == http_problem::malformed_request);
  CAF_CHECK(problem_of(head + "Content-Length: +3\r\n\r\nabc") == http_problem::malformed_request);
  CAF_CHECK(problem_of(head + "Transfer-Encoding: xchunked\r\n\r\n")
            == http_problem::not_implemented);
  CAF_CHECK(problem_of(head + "Transfer-Encoding: gzip, chunked\r\n\r\n")
            == http_problem::not_implemented);
  CAF_CHECK(problem_of(head + "X-A: 1\r\n folded\r\n\r\n") == http_problem::malformed_request);
  CAF_CHECK(problem_of(head + "Host: b\r\n\r\n") == http_problem::malformed_request);
  CAF_CHECK(problem_of("GET / HTTP/1.1\r\n\r\n") == http_problem::malformed_request);
  CAF_CHECK(problem_of(head + "X-A : 1\r\n\r\n") == http_problem::malformed_request);
  CAF_CHECK(problem_of(head + std::string("X-A: a\0b\r\n\r\n", 12))
            == http_problem::malformed_request);
  CAF_CHECK(problem_of(head + "Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n")
            == http_problem::malformed_request);
}

CAF_TEST(refuses a folded line in single bytes too) {
  request_parser parser{1'024, 512};
  CAF_CHECK(feed(parser, "GET / HTTP/1.1\r\nHost: a\r\nX-A: 1\r\n folded\r\n\r\n", 1)
            == step::failed);
}

CAF_TEST(tells what is too long) {
  const std::string long_text(2'000, 'x');
  CAF_CHECK(problem_of("GET /" + long_text + " HTTP/1.1\r\nHost: a\r\n\r\n")
            == http_problem::target_too_long);
  CAF_CHECK(problem_of("GET /" + long_text.substr(0, 700) + " HTTP/1.1\r\nHost: a\r\n\r\n")
            == http_problem::target_too_long);
  CAF_CHECK(problem_of("GET / HTTP/1.1\r\nHost: a\r\nX-A: " + long_text + "\r\n\r\n")
            == http_problem::header_too_large);
}

CAF_TEST(bounds a head that comes line by line) {
  request_parser parser{1'024, 512};
  std::string bytes = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (int i = 0; i < 200; ++i)
    bytes += "X-A: 0123456789\r\n";
  CAF_CHECK(feed(parser, bytes, 17) == step::failed);
  CAF_CHECK(parser.problem() == http_problem::header_too_large);
}

CAF_TEST(refuses other versions) {
  CAF_CHECK(problem_of("GET / HTTP/2.0\r\nHost: a\r\n\r\n") == http_problem::version_unsupported);
}

CAF_TEST(takes the absolute form for the origin form) {
  request_parser parser{1'024, 512};
  CAF_REQUIRE(feed(parser, "GET http://host:1/a/b?c HTTP/1.1\r\nHost: HOST:1\r\n\r\n")
              == step::done);
  CAF_CHECK_EQUAL(parser.current().target, "/a/b?c");
}

CAF_TEST(refuses targets that are read in several ways) {
  for (const std::string target :
       {"http://b/", "http://user@a/", "ftp://a/", "http:///", "a:443", "v1/me", "*", "/v1\\me",
        "/a#b", "/\xc0\xaf", "/\x7f", "://a/", "http://a,b/"})
    CAF_CHECK(problem_of("GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n")
              == http_problem::malformed_request);
  CAF_CHECK(problem_of("CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n")
            == http_problem::malformed_request);
  request_parser parser{1'024, 512};
  CAF_CHECK(feed(parser, "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n") == step::done);
}

CAF_TEST(takes one length only and as everybody reads it) {
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\n";
  for (const std::string lines : {"Content-Length: 3\r\nContent-Length: 3", "Content-Length: 3, 3",
                                  "Content-Length: 3,", "Content-Length: -3", "Content-Length: 0x3",
                                  "Content-Length: 3 3", "Content-Length:", "Content-Length: 3;a",
                                  "Content-Length: 9999999999999999999", "Content-Length: 3.0"})
    CAF_CHECK(problem_of(head + lines + "\r\n\r\nabc") == http_problem::malformed_request);
}

CAF_TEST(takes no trailers) {
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const std::string trailer :
       {"X-A: 1", "Authorization: Bearer x", "Content-Length: 3", "Host: b", "Content-Type: a/b"})
    CAF_CHECK(problem_of(head + "1\r\na\r\n0\r\n" + trailer + "\r\n\r\n")
              == http_problem::malformed_request);
}

CAF_TEST(bounds what comes with chunks however it is cut) {
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string end = "0\r\n\r\n";
  const std::string zeros = head + std::string(300, '0') + "1\r\na\r\n" + end;
  const std::string long_one = head + "1;a=" + std::string(300, 'b') + "\r\na\r\n" + end;
  std::string many = head;
  for (int i = 0; i < 100; ++i)
    many += "1;a=" + std::string(200, 'b') + "\r\na\r\n";
  for (const auto& bytes : {zeros, long_one, many + end})
    for (const std::size_t piece : {1u, 7u, 100'000u}) {
      request_parser parser{1'024, 512};
      CAF_CHECK(feed(parser, bytes, piece) == step::failed);
      CAF_CHECK(parser.problem() == http_problem::malformed_request);
    }
  CAF_CHECK(problem_of(head + "ffffffffffffffffff\r\na\r\n") == http_problem::malformed_request);
  CAF_CHECK(problem_of(head + "ffffffffffffffff\r\na\r\n") == http_problem::too_large);
}

CAF_TEST(bounds the lines of a head) {
  std::string bytes = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (int i = 0; i < 200; ++i)
    bytes += "a:\r\n";
  CAF_CHECK(problem_of(bytes + "\r\n") == http_problem::header_too_large);
}

CAF_TEST(reads queries) {
  CAF_CHECK_EQUAL(*query_parameter("a=1&q=bench+press%21&q=2", "q"), "bench press!");
  CAF_CHECK(!query_parameter("a=1", "b"));
  CAF_CHECK_EQUAL(query_parameter("a&b=", "a").value_or("none"), "");
  CAF_CHECK_EQUAL(query_names("a=1&b%20c=2&&d").size(), 3u);
}

CAF_TEST(finds tokens in lists) {
  CAF_CHECK(lists_token("br, GZIP;q=0.5", "gzip"));
  CAF_CHECK(!lists_token("gzip;q=0", "gzip"));
  CAF_CHECK(!lists_token("gzipped", "gzip"));
  CAF_CHECK(lists_token("keep-alive, Upgrade", "upgrade"));
}
