#include "gateway/problem.hpp"

#include "gateway/http/response.hpp"

#include <set>

#define CAF_SUITE problem
#include "caf/test/dsl.hpp"

using namespace spotter::gateway;
using spotter::messages::failure;
using spotter::messages::failure_code;

CAF_TEST(gives every failure a status and a code of its own) {
  std::set<std::string_view> codes;
  for (int i = 1; i <= static_cast<int>(failure_code::internal); ++i) {
    const auto kind = kind_of(static_cast<failure_code>(i));
    CAF_CHECK(kind.status >= 400 && kind.status < 600);
    CAF_CHECK(codes.insert(kind.code).second);
    CAF_CHECK(reason_of(kind.status) != "Unknown");
  }
  for (int i = 1; i <= static_cast<int>(http_problem::version_unsupported); ++i) {
    const auto kind = kind_of(static_cast<http_problem>(i));
    CAF_CHECK(kind.status >= 400 && kind.status < 600);
    CAF_CHECK(reason_of(kind.status) != "Unknown");
  }
}

CAF_TEST(writes a problem document) {
  std::string out;
  write_problem(out, kind_of(failure_code::invalid_content), "No.", "t1",
                {{"/a", "required", "Needed."}});
  CAF_CHECK_EQUAL(out, R"({"type":"about:blank","title":"The content is not valid","status":422,)"
                       R"("detail":"No.","code":"invalid_content","trace_id":"t1",)"
                       R"("errors":[{"pointer":"/a","code":"required","detail":"Needed."}]})");
}

CAF_TEST(says when to come back with every 429 and 503) {
  for (const auto code : {failure_code::overloaded, failure_code::unavailable, failure_code::moved,
                          failure_code::outcome_unknown, failure_code::too_many_requests}) {
    const auto answer = to_response(failure{code, "", {}, 1'500}, "t");
    CAF_CHECK(answer.headers.find("Retry-After: 2\r\n") != std::string::npos);
    const auto silent = to_response(failure{code, "", {}, 0}, "t");
    CAF_CHECK(silent.headers.find("Retry-After: 1\r\n") != std::string::npos);
  }
}

CAF_TEST(challenges with every 401) {
  for (const auto code : {failure_code::invalid_credentials, failure_code::invalid_token})
    CAF_CHECK(to_response(failure{code, "", {}, 0}, "t").headers.find("WWW-Authenticate: Bearer")
              != std::string::npos);
}

CAF_TEST(compresses only what gets smaller) {
  CAF_CHECK(gzip("x").empty());
  CAF_CHECK(gzip(std::string(5'000, 'x')).size() < 200);
}
