#include "gateway/routes/answers.hpp"

// API keys: what programs of the user come with.

namespace spotter::gateway {

namespace {

// GET /v1/me/tokens
awaitable<response> get_tokens(call& c) {
  query_reader query{c, {"limit", "cursor"}};
  messages::get_api_keys what{query.window()};
  if (!query.clean())
    return answer(query.refusal(c));
  return ask_factors(c, std::move(what));
}

// POST /v1/me/tokens
awaitable<response> post_token(call& c) {
  auto body = parse_create_api_key(body_of(c));
  if (!body)
    return answer(to_response(body.error(), c.trace_id));
  const auto named = name_by_key(c, body->api_key_id);
  if (!named)
    return answer(to_response(named.error(), c.trace_id));
  return ask_factors(c, std::move(*body), 201, *named);
}

// DELETE /v1/me/tokens/{id}
awaitable<response> delete_token(call& c) {
  const auto id = id_in(c);
  if (!id)
    return answer(not_found(c));
  return ask_factors(c, messages::revoke_api_key{*id});
}

constexpr route rows[] = {
  {verb::get, "/v1/me/tokens", get_tokens},
  {verb::post, "/v1/me/tokens", post_token, true, body_kind::json},
  {verb::del, "/v1/me/tokens/{id}", delete_token},
};

} // namespace

std::span<const route> token_routes() {
  return rows;
}

} // namespace spotter::gateway
