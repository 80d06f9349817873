#include "gateway/json/live_message.hpp"
#include "gateway/routes/answers.hpp"
#include "gateway/websocket/handshake.hpp"

namespace spotter::gateway {

namespace {

// GET /v1/live
awaitable<response> get_live(call& c) {
  if (c.at.draining())
    co_return to_response(
      messages::failure{messages::failure_code::unavailable, "The server is stopping.", {}, 1'000},
      c.trace_id);
  // A token is welcome here; without one the first message must bring it.
  constexpr std::string_view scheme = "bearer ";
  if (const auto given = c.req.header("authorization"); !given.empty()) {
    const bool bearer =
      given.size() > scheme.size() && same_text(given.substr(0, scheme.size()), scheme);
    const auto token = bearer ? given.substr(scheme.size()) : std::string_view{};
    auto who = c.at.tokens().verify(token, domain::now());
    if (!who && c.at.tokens().must_look_for_keys(domain::now())) {
      auto looking = look_for_keys(c);
      const auto problem = co_await std::move(looking);
      if (problem)
        co_return to_response(*problem, c.trace_id);
      who = c.at.tokens().verify(token, domain::now());
    }
    if (!who)
      co_return to_response(messages::failure{messages::failure_code::invalid_token,
                                              "The access token has expired or is not valid.",
                                              {},
                                              0},
                            c.trace_id);
    if (!has(who->scopes, scope::live))
      co_return to_response(
        messages::failure{
          messages::failure_code::forbidden, "This needs a key with the scope `live`.", {}, 0},
        c.trace_id);
    c.who = *who;
  }
  co_return websocket::shake_hands(c.req, c.secured, c.at.common().config.allowed_origins,
                                   c.trace_id);
}

// GET /v1/live/sse
awaitable<response> get_stream(call& c) {
  query_reader query{c, {"topic"}};
  const auto topic = query_parameter(c.req.query(), "topic").value_or("me");
  if (!query.clean())
    return answer(query.refusal(c));
  if (!parse_topic(topic)) {
    messages::failure failure;
    failure.code = messages::failure_code::invalid_content;
    failure.errors.push_back(
      {"topic", "invalid_value", "Must be me, workout:<uuid> or athlete:<uuid>."});
    failure.detail = failure.errors.front().detail;
    return answer(to_response(failure, c.trace_id));
  }
  if (c.at.draining())
    return answer(to_response(
      messages::failure{messages::failure_code::unavailable, "The server is stopping.", {}, 1'000},
      c.trace_id));
  response out;
  if (c.req.method == verb::head)
    return answer(out);
  out.content_type = "text/event-stream";
  out.body = "retry: 2000\n\n";
  out.with("Cache-Control", "no-store").with("Connection", "close");
  out.next = response::takeover::sse;
  return answer(out);
}

constexpr route rows[] = {
  {verb::get, "/v1/live", get_live, false},
  {verb::get, "/v1/live/sse", get_stream},
};

} // namespace

std::span<const route> live_routes() {
  return rows;
}

} // namespace spotter::gateway
