#include "gateway/router.hpp"

namespace spotter::gateway {

namespace {

constexpr std::size_t most_segments = 8;

/// Splits "/a/b" into its segments; false for what no route looks like.
bool split(std::string_view path, std::vector<std::string_view>& out) {
  if (path.empty() || path.front() != '/')
    return false;
  path.remove_prefix(1);
  while (true) {
    const auto end = path.find('/');
    out.push_back(path.substr(0, end));
    if (out.size() > most_segments)
      return false;
    if (end == path.npos)
      return true;
    path.remove_prefix(end + 1);
  }
}

bool fits(const std::vector<std::string_view>& pattern, const std::vector<std::string_view>& path,
          std::array<std::string_view, 3>& args) {
  if (pattern.size() != path.size())
    return false;
  std::size_t n = 0;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (pattern[i].starts_with('{')) {
      if (path[i].empty() || n >= args.size())
        return false;
      args[n++] = path[i];
    } else if (pattern[i] != path[i]) {
      return false;
    }
  }
  return true;
}

void allow(std::string& list, std::string_view method) {
  if (!list.empty())
    list += ", ";
  list += method;
}

} // namespace

router::router(caf::actor_system& system) : elsewhere_(system, "any", "none") {
  for (const auto& rows :
       {identity_routes(), exercise_routes(), workout_routes(), set_routes(), story_routes(),
        import_routes(), recommendation_routes(), live_routes(), admin_routes(), audit_routes(),
        factor_routes(), token_routes(), share_routes()})
    add(v1_, system, rows);
  add(v1_, system, account_routes());
  // The second version begins empty: its first route comes with the first change that /v1 can't take.
  add(rest_, system, operator_routes());
  add(rest_, system, outbox_routes());
}

void router::add(route_table& to, caf::actor_system& system, std::span<const route> rows) {
  for (const auto& row : rows) {
    entry e{&row, {}, route_metrics{system, to_string(row.method), row.pattern}};
    split(row.pattern, e.segments);
    to.push_back(std::move(e));
  }
}

router::match router::find(verb method, std::string_view path) const {
  match out;
  std::vector<std::string_view> segments;
  segments.reserve(most_segments);
  if (!split(path, segments))
    return out;
  const bool document = path == "/v1/openapi.json" || path == "/v1/asyncapi.json";
  const auto& table = segments[0] == "v1" && !document ? v1_ : segments[0] == "v2" ? v2_ : rest_;
  const auto wanted = method == verb::head ? verb::get : method;
  for (const auto& e : table) {
    std::array<std::string_view, 3> args{};
    if (!fits(e.segments, segments, args))
      continue;
    if (e.row->method == wanted) {
      out.result = outcome::found;
      out.row = e.row;
      out.metrics = &e.metrics;
      out.args = args;
      return out;
    }
    out.result = outcome::wrong_method;
    allow(out.allow, to_string(e.row->method));
    if (e.row->method == verb::get)
      allow(out.allow, "HEAD");
  }
  if (out.result == outcome::wrong_method)
    allow(out.allow, "OPTIONS");
  return out;
}

std::vector<const route*> router::table(std::string_view version) const {
  const auto& from = version == "v1" ? v1_ : version == "v2" ? v2_ : rest_;
  std::vector<const route*> out;
  for (const auto& e : from)
    out.push_back(e.row);
  return out;
}

} // namespace spotter::gateway
