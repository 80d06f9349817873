#include "gateway/scopes.hpp"

#include "gateway/assets.hpp"
#include "gateway/router.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <simdjson.h>

#include <algorithm>
#include <map>
#include <string>

#define CAF_SUITE scopes
#include "caf/test/dsl.hpp"

using namespace spotter::gateway;

namespace {

/// Every route that an API key may use, with what it needs. A new route is closed to keys until it
/// stands here and in the table.
const std::map<std::string, scope> open_to_keys{
  {"GET /v1/me", scope::read},
  {"GET /v1/exercises", scope::read},
  {"POST /v1/exercises", scope::write},
  {"GET /v1/exercises/{id}", scope::read},
  {"PATCH /v1/exercises/{id}", scope::write},
  {"DELETE /v1/exercises/{id}", scope::write},
  {"GET /v1/muscles", scope::read},
  {"GET /v1/taxonomies", scope::read},
  {"GET /v1/workouts", scope::read},
  {"POST /v1/workouts", scope::write},
  {"GET /v1/workouts/{id}", scope::read},
  {"PATCH /v1/workouts/{id}", scope::write},
  {"DELETE /v1/workouts/{id}", scope::write},
  {"POST /v1/workouts/{id}/restore", scope::write},
  {"POST /v1/workouts/{id}/finish", scope::write},
  {"GET /v1/workouts/{id}/history", scope::read},
  {"POST /v1/workouts/{id}/revert", scope::write},
  {"POST /v1/workouts/{id}/sets", scope::write},
  {"GET /v1/workouts/{id}/sets/{set_id}", scope::read},
  {"PATCH /v1/workouts/{id}/sets/{set_id}", scope::write},
  {"DELETE /v1/workouts/{id}/sets/{set_id}", scope::write},
  {"GET /v1/changes", scope::read},
  {"GET /v1/records", scope::read},
  {"GET /v1/imports", scope::read},
  {"POST /v1/imports", scope::import},
  {"GET /v1/imports/{id}", scope::read},
  {"GET /v1/imports/{id}/log", scope::read},
  {"POST /v1/imports/{id}/retry", scope::import},
  {"POST /v1/imports/{id}/cancel", scope::import},
  {"POST /v1/recommendations", scope::write},
  {"GET /v1/recommendations/{id}", scope::read},
  {"POST /v1/recommendations/{id}/outcome", scope::write},
  {"GET /v1/athletes/{id}/workouts", scope::read},
  {"GET /v1/athletes/{id}/workouts/{workout_id}", scope::read},
  {"GET /v1/athletes/{id}/records", scope::read},
  {"GET /v1/athletes/{id}/exercises/{exercise_id}", scope::read},
  {"GET /v1/live", scope::live},
  {"GET /v1/live/sse", scope::live},
};

} // namespace

CAF_TEST(each route needs the scope that is listed here and all others are closed to keys) {
  caf::actor_system_config config;
  caf::actor_system system{config.set("caf.scheduler.max-threads", 1)};
  const router routes{system};
  std::size_t found = 0;
  for (const auto* version : {"v1", "v2", ""})
    for (const auto* row : routes.table(version)) {
      const auto name = std::string(to_string(row->method)) + " " + std::string(row->pattern);
      const auto it = open_to_keys.find(name);
      const auto needed = needed_scope(row->method, row->pattern);
      if (it == open_to_keys.end()) {
        if (needed)
          CAF_ERROR("open to keys, but not in the list: " << name);
        continue;
      }
      ++found;
      if (needed != it->second)
        CAF_ERROR("needs another scope than the list says: " << name);
    }
  CAF_CHECK_EQUAL(found, open_to_keys.size());
}

CAF_TEST(the OpenAPI document says which scope a route needs) {
  const auto* document = find_asset("/v1/openapi.json");
  CAF_REQUIRE(document != nullptr);
  simdjson::dom::parser parser;
  const simdjson::dom::element root = parser.parse(simdjson::padded_string{document->content});
  std::map<std::string, std::string> described;
  for (const auto& [path, operations] : root["paths"].get_object())
    for (const auto& [method, operation] : operations.get_object()) {
      std::string name{method};
      std::transform(name.begin(), name.end(), name.begin(),
                     [](char c) { return static_cast<char>(c - 'a' + 'A'); });
      std::string_view needed;
      if (operation["x-api-key-scope"].get(needed) == simdjson::SUCCESS)
        described.emplace(name + " " + std::string(path), needed);
    }
  std::map<std::string, std::string> listed;
  for (const auto& [name, needed] : open_to_keys)
    listed.emplace(name, to_string(needed));
  CAF_CHECK_EQUAL(described, listed);
}

CAF_TEST(a path that only begins like another is another) {
  CAF_CHECK(!needed_scope(verb::get, "/v1/me/tokens"));
  CAF_CHECK(!needed_scope(verb::get, "/v1/workouts-of-others"));
  CAF_CHECK(!needed_scope(verb::post, "/v1/live"));
  CAF_CHECK(needed_scope(verb::head, "/v1/workouts") == scope::read);
}

CAF_TEST(unknown scopes give nothing) {
  CAF_CHECK_EQUAL(scopes_of({}), 0);
  CAF_CHECK_EQUAL(scopes_of({"admin", "READ", ""}), 0);
  CAF_CHECK(has(scopes_of({"read", "live"}), scope::live));
  CAF_CHECK(!has(scopes_of({"read", "live"}), scope::write));
}
