#include "gateway/router.hpp"

#include "gateway/assets.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <simdjson.h>

#include <algorithm>
#include <set>

#define CAF_SUITE router
#include "caf/test/dsl.hpp"

using namespace spotter::gateway;

namespace {

struct fixture {
  caf::actor_system_config config;
  caf::actor_system system{config.set("caf.scheduler.max-threads", 1)};
  router routes{system};

  router::outcome outcome(verb method, std::string_view path) {
    return routes.find(method, path).result;
  }

  std::set<std::string> in_table() {
    std::set<std::string> out;
    for (const auto* version : {"v1", "v2", ""})
      for (const auto* row : routes.table(version)) {
        const std::string_view path = row->pattern;
        // Files are not operations; the two documents are.
        if (find_asset(path) && !path.starts_with("/v1/"))
          continue;
        std::string method(to_string(row->method));
        std::transform(method.begin(), method.end(), method.begin(),
                       [](char c) { return static_cast<char>(std::tolower(c)); });
        out.insert(method + " " + std::string(path));
      }
    return out;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(router_tests, fixture)

CAF_TEST(finds a route and what stands for its parts) {
  const auto match = routes.find(verb::patch, "/v1/workouts/abc/sets/def");
  CAF_REQUIRE(match.result == router::outcome::found);
  CAF_CHECK_EQUAL(match.row->pattern, "/v1/workouts/{id}/sets/{set_id}");
  CAF_CHECK_EQUAL(match.args[0], "abc");
  CAF_CHECK_EQUAL(match.args[1], "def");
}

CAF_TEST(knows no other path or version) {
  for (const auto* path :
       {"/v1", "/v1/", "/v1/nothing", "/v1/workouts/", "/v1/workouts//sets", "/v2/workouts",
        "/v3/workouts", "/nothing", "", "v1/workouts", "/v1/a/b/c/d/e/f/g/h/i/j"}) {
    CAF_CHECK(outcome(verb::get, path) == router::outcome::unknown_path);
    CAF_CHECK(outcome(verb::post, path) == router::outcome::unknown_path);
  }
}

CAF_TEST(says which methods a path has) {
  const auto match = routes.find(verb::put, "/v1/workouts/abc");
  CAF_CHECK(match.result == router::outcome::wrong_method);
  CAF_CHECK_EQUAL(match.allow, "GET, HEAD, PATCH, DELETE, OPTIONS");
  CAF_CHECK(outcome(verb::other, "/livez") == router::outcome::wrong_method);
}

CAF_TEST(answers HEAD where it answers GET) {
  CAF_CHECK(outcome(verb::head, "/v1/workouts") == router::outcome::found);
  CAF_CHECK(outcome(verb::head, "/v1/auth/login") == router::outcome::wrong_method);
}

CAF_TEST(asks for a token everywhere but where there can be none) {
  std::set<std::string> open;
  for (const auto* row : routes.table("v1"))
    if (!row->needs_token)
      open.emplace(row->pattern);
  CAF_CHECK_EQUAL(
    open, (std::set<std::string>{"/v1/auth/register", "/v1/auth/login", "/v1/auth/login/mfa",
                                 "/v1/auth/refresh", "/v1/auth/verify", "/v1/auth/verify/resend",
                                 "/v1/auth/recovery", "/v1/auth/recovery/confirm", "/v1/live"}));
}

CAF_TEST(is described by the OpenAPI document in both directions) {
  const auto* document = find_asset("/v1/openapi.json");
  CAF_REQUIRE(document != nullptr);
  simdjson::dom::parser parser;
  const simdjson::dom::element root = parser.parse(simdjson::padded_string{document->content});
  std::set<std::string> described;
  for (const auto& [path, operations] : root["paths"].get_object())
    for (const auto& [method, operation] : operations.get_object())
      described.insert(std::string(method) + " " + std::string(path));
  CAF_CHECK_EQUAL(described, in_table());
}

CAF_TEST_FIXTURE_SCOPE_END()
