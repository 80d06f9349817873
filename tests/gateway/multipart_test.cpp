#include "gateway/http/multipart.hpp"

#define CAF_SUITE multipart
#include "caf/test/dsl.hpp"

using namespace spotter::gateway;

namespace {

const std::string two_parts = "--b\r\nContent-Disposition: form-data; name=\"unit\"\r\n\r\nkg\r\n"
                              "--b\r\nContent-Disposition: form-data; name=\"file\"; "
                              "filename=\"a\\\"b.csv\"\r\nContent-Type: text/csv\r\n\r\n"
                              "Date,\r\n--x\r\n\r\n--b--\r\n";

std::size_t count(std::string_view body, std::size_t most = 8) {
  const auto parts = parse_multipart(body, "b", most);
  return parts ? parts->size() : 999;
}

} // namespace

CAF_TEST(cuts a form into its parts) {
  const auto parts = parse_multipart(two_parts, "b", 8);
  CAF_REQUIRE(parts.has_value());
  CAF_REQUIRE_EQUAL(parts->size(), 2u);
  CAF_CHECK_EQUAL((*parts)[0].name, "unit");
  CAF_CHECK_EQUAL((*parts)[0].content, "kg");
  CAF_CHECK_EQUAL((*parts)[1].file_name, "a\"b.csv");
}

CAF_TEST(takes a line that differs from the boundary for content) {
  const auto parts = parse_multipart("--bb\r\nContent-Disposition: form-data; name=\"f\"\r\n\r\n"
                                     "x\r\n--ba\r\ny\r\n--bb--",
                                     "bb", 8);
  CAF_REQUIRE(parts.has_value());
  CAF_CHECK_EQUAL((*parts)[0].content, "x\r\n--ba\r\ny");
}

CAF_TEST(takes empty content and a preamble) {
  CAF_CHECK_EQUAL(count("--b\r\nContent-Disposition: form-data; name=f\r\n\r\n\r\n--b--"), 1u);
  CAF_CHECK_EQUAL(
    count("preamble\r\n--b\r\nContent-Disposition: form-data; name=f\r\n\r\nx\r\n--b--"), 1u);
}

CAF_TEST(refuses what is cut off or has no name) {
  for (std::size_t n = 0; n + 4 < two_parts.size(); ++n)
    CAF_CHECK_EQUAL(count(two_parts.substr(0, n)), 999u);
  CAF_CHECK_EQUAL(count("--b\r\nContent-Type: x/y\r\n\r\nx\r\n--b--"), 999u);
  CAF_CHECK_EQUAL(count("--b\r\nContent-Disposition: attachment; name=f\r\n\r\nx\r\n--b--"), 999u);
}

CAF_TEST(bounds the number of parts) {
  std::string body;
  for (int i = 0; i < 9; ++i)
    body += "--b\r\nContent-Disposition: form-data; name=f\r\n\r\nx\r\n";
  CAF_CHECK_EQUAL(count(body + "--b--"), 999u);
}

CAF_TEST(reads the boundary) {
  CAF_CHECK_EQUAL(*boundary_of("multipart/form-data; boundary=abc"), "abc");
  CAF_CHECK_EQUAL(*boundary_of("multipart/form-data; charset=x; boundary=\"a b\""), "a b");
  CAF_CHECK(!boundary_of("multipart/form-data"));
  CAF_CHECK(!boundary_of("multipart/form-data; boundary=" + std::string(71, 'x')));
}
