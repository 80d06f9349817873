#include "gateway/routes/answers.hpp"

namespace spotter::gateway {

namespace {

// GET /v1/changes
awaitable<response> get_changes(call& c) {
  query_reader query{c, {"since", "limit"}};
  messages::get_changes what;
  what.since = query.integer("since", 0, 0, std::int64_t{1} << 53);
  what.limit = static_cast<std::int32_t>(query.integer("limit", 200, 1, 1'000));
  if (!query.clean())
    return answer(query.refusal(c));
  return read(c, what);
}

// GET /v1/records
awaitable<response> get_records(call& c) {
  query_reader query{c, {"limit", "cursor"}};
  messages::get_records what{query.window()};
  if (!query.clean())
    return answer(query.refusal(c));
  return read(c, std::move(what));
}

constexpr route rows[] = {
  {verb::get, "/v1/changes", get_changes},
  {verb::get, "/v1/records", get_records},
};

} // namespace

std::span<const route> story_routes() {
  return rows;
}

} // namespace spotter::gateway
