#include "domain/json.hpp"
#include "gateway/assets.hpp"
#include "gateway/routes/answers.hpp"

namespace spotter::gateway {

namespace {

constexpr std::chrono::milliseconds health_timeout{1'000};

// GET /livez
awaitable<response> get_livez(call&) {
  response out;
  out.body = R"({"status":"ok"})";
  return answer(out);
}

// GET /readyz
awaitable<response> get_readyz(call& c) {
  bool ready = !c.at.common().draining;
  std::string parts;
  domain::json_writer json{parts};
  json.begin_array();
  json.begin_object().member("part", "gateway").member("ready", ready);
  if (!ready)
    json.member("detail", "The server is stopping.");
  json.end_object();
  for (const auto& check : c.at.common().ports.readiness) {
    auto waiting = ask<messages::health>(c, check.who, messages::get_health{}, health_timeout,
                                         messages::failure_code::unavailable);
    const auto health = co_await std::move(waiting);
    const bool good = health && health->ready;
    ready = ready && good;
    json.begin_object().member("part", std::string_view{check.part}).member("ready", good);
    if (!good)
      json.member("detail", std::string_view{health ? health->detail : health.error().detail});
    json.end_object();
  }
  json.end_array();
  response out;
  out.status = ready ? 200 : 503;
  if (!ready)
    out.with("Retry-After", "1");
  domain::json_writer whole{out.body};
  whole.begin_object().member("ready", ready).key("parts").raw(parts).end_object();
  co_return out;
}

// GET /metrics
awaitable<response> get_metrics(call& c) {
  response out;
  out.content_type = "text/plain; version=0.0.4; charset=utf-8";
  out.body = to_prometheus(c.at.common().system);
  return answer(out);
}

// GET /.well-known/jwks.json
awaitable<response> get_jwks(call& c) {
  response out;
  out.content_type = "application/jwk-set+json";
  const auto& keys = *c.at.common().ports.keys;
  out.body = keys.get()->jwks;
  out.with("Cache-Control", "public, max-age=" + std::to_string(keys.max_age().count()));
  return answer(out);
}

// What needs no actor: the document, its page and the web app.
awaitable<response> get_asset(call& c) {
  const auto* asset = find_asset(c.req.path());
  if (!asset)
    return answer(
      to_response(http_problem::unknown_path, "There is nothing at this path.", c.trace_id));
  response out;
  out.content_type = asset->content_type;
  out.shared = asset->text;
  out.packed = asset->packed;
  out.etag = asset->etag;
  out.with("Cache-Control", "no-cache");
  return answer(out);
}

constexpr route rows[] = {
  {verb::get, "/livez", get_livez, false},
  {verb::get, "/readyz", get_readyz, false},
  {verb::get, "/metrics", get_metrics, false},
  {verb::get, "/.well-known/jwks.json", get_jwks, false},
};

/// The rows above and one for each file that is built in.
std::vector<route> make_routes() {
  std::vector<route> out(std::begin(rows), std::end(rows));
  for (const auto& asset : all_assets())
    out.push_back({verb::get, asset.path, get_asset, false});
  return out;
}

} // namespace

std::span<const route> operator_routes() {
  static const auto all = make_routes();
  return all;
}

} // namespace spotter::gateway
