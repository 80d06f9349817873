#include "gateway/routes/answers.hpp"

namespace spotter::gateway {

namespace {

// POST /v1/recommendations
awaitable<response> post_recommendation(call& c) {
  auto body = parse_recommend(body_of(c));
  if (!body)
    co_return to_response(body.error(), c.trace_id);
  body->user_id = c.who.user_id;
  body->trace_id = c.trace_id;
  auto key = once(c);
  if (!key)
    co_return to_response(key.error(), c.trace_id);
  body->once = std::move(*key);
  auto waiting = ask<messages::command_reply>(c, c.at.common().ports.recommender, std::move(*body),
                                              c.at.common().config.limits.slow_ask_timeout,
                                              messages::failure_code::engine_failed);
  const auto reply = co_await std::move(waiting);
  if (!reply)
    co_return to_response(reply.error(), c.trace_id);
  co_return to_response(*reply, c.trace_id);
}

// GET /v1/recommendations/{id}
awaitable<response> get_recommendation(call& c) {
  const auto id = id_in(c);
  if (!id)
    return answer(not_found(c));
  return read(c, messages::get_recommendation{*id});
}

// POST /v1/recommendations/{id}/outcome
awaitable<response> post_outcome(call& c) {
  const auto id = id_in(c);
  if (!id)
    return answer(not_found(c));
  auto body = parse_outcome(body_of(c));
  if (!body)
    return answer(to_response(body.error(), c.trace_id));
  body->recommendation_id = *id;
  return run_command(c, std::move(*body));
}

constexpr route rows[] = {
  {verb::post, "/v1/recommendations", post_recommendation, true, body_kind::json},
  {verb::get, "/v1/recommendations/{id}", get_recommendation},
  {verb::post, "/v1/recommendations/{id}/outcome", post_outcome, true, body_kind::json},
};

} // namespace

std::span<const route> recommendation_routes() {
  return rows;
}

} // namespace spotter::gateway
