#include "actors/messages/resource_json.hpp"
#include "gateway/routes/answers.hpp"
#include "gateway/routes/in_step.hpp"

namespace spotter::gateway {

namespace {

response granted(const messages::login_granted& login, int status) {
  response out;
  out.status = status;
  domain::json_writer json{out.body};
  json.begin_object().key("user");
  messages::write(json, login.who);
  json.member("access_token", std::string_view{login.access_token})
    .member("token_type", "Bearer")
    .member("expires_in", login.expires_in_s)
    .member("refresh_token", std::string_view{login.refresh_token})
    .end_object();
  return out;
}

response code_needed(const messages::mfa_required& half) {
  response out;
  domain::json_writer json{out.body};
  json.begin_object()
    .member("mfa_required", true)
    .member("mfa_token", std::string_view{half.mfa_token})
    .end_object();
  return out;
}

template <class Message>
awaitable<response> ask_identity(call& c, Message what, int status) {
  what.device = device_of(c);
  auto waiting = ask<messages::login_reply>(c, c.at.common().ports.identity, std::move(what),
                                            c.at.common().config.limits.slow_ask_timeout,
                                            messages::failure_code::outcome_unknown);
  const auto reply = co_await std::move(waiting);
  if (!reply)
    co_return to_response(reply.error(), c.trace_id);
  if (const auto* why = std::get_if<messages::failure>(&reply->result))
    co_return to_response(*why, c.trace_id);
  if (const auto* half = std::get_if<messages::mfa_required>(&reply->result))
    co_return code_needed(*half);
  co_return granted(std::get<messages::login_granted>(reply->result), status);
}

// POST /v1/auth/register
awaitable<response> post_register(call& c) {
  auto body = parse_register(body_of(c));
  if (!body)
    return answer(to_response(body.error(), c.trace_id));
  return ask_identity(c, std::move(*body), 201);
}

// POST /v1/auth/login
awaitable<response> post_login(call& c) {
  auto body = parse_log_in(body_of(c));
  if (!body)
    return answer(to_response(body.error(), c.trace_id));
  return in_step(ask_identity(c, std::move(*body), 200), 200);
}

// POST /v1/auth/login/mfa
awaitable<response> post_login_mfa(call& c) {
  auto body = parse_finish_log_in(body_of(c));
  if (!body)
    return answer(to_response(body.error(), c.trace_id));
  return ask_identity(c, std::move(*body), 200);
}

// POST /v1/auth/refresh
awaitable<response> post_refresh(call& c) {
  auto body = parse_refresh(body_of(c));
  if (!body)
    return answer(to_response(body.error(), c.trace_id));
  return ask_identity(c, std::move(*body), 200);
}

// POST /v1/auth/logout
awaitable<response> post_logout(call& c) {
  auto waiting = ask<messages::command_reply>(
    c, c.at.common().ports.identity, messages::log_out{c.who.user_id, c.who.login_id, device_of(c)},
    c.at.common().config.limits.ask_timeout, messages::failure_code::outcome_unknown);
  const auto reply = co_await std::move(waiting);
  if (!reply)
    co_return to_response(reply.error(), c.trace_id);
  co_return to_response(*reply, c.trace_id, {0, false});
}

// GET /v1/me
awaitable<response> get_me(call& c) {
  auto reading = read(c, messages::get_profile{});
  auto out = co_await std::move(reading);
  // A profile that nobody has changed yet is a version, too.
  if (out.status == 200 && out.version == 0)
    out.etag = "0";
  co_return out;
}

// PATCH /v1/me
awaitable<response> patch_me(call& c) {
  auto body = parse_update_profile(body_of(c));
  if (!body)
    return answer(to_response(body.error(), c.trace_id));
  return run_command(c, std::move(*body));
}

constexpr route rows[] = {
  {verb::post, "/v1/auth/register", post_register, false, body_kind::json, true,
   limit_kind::registration},
  {verb::post, "/v1/auth/login", post_login, false, body_kind::json, true},
  {verb::post, "/v1/auth/login/mfa", post_login_mfa, false, body_kind::json, true},
  {verb::post, "/v1/auth/refresh", post_refresh, false, body_kind::json, true},
  {verb::post, "/v1/auth/logout", post_logout},
  {verb::get, "/v1/me", get_me},
  {verb::patch, "/v1/me", patch_me, true, body_kind::merge_patch},
};

} // namespace

std::span<const route> identity_routes() {
  return rows;
}

} // namespace spotter::gateway
