#include "domain/json.hpp"
#include "gateway/routes/answers.hpp"
#include "gateway/routes/in_step.hpp"

namespace spotter::gateway {

namespace {

using messages::failure_code;

/// Asks the accounts actor; `status` is that of success, which has no body.
template <class Message>
awaitable<response> ask_accounts(call& c, Message what, int status) {
  what.device = device_of(c);
  auto waiting = ask<messages::command_reply>(c, c.at.common().ports.accounts, std::move(what),
                                              c.at.common().config.limits.slow_ask_timeout,
                                              failure_code::outcome_unknown);
  const auto reply = co_await std::move(waiting);
  if (!reply)
    co_return to_response(reply.error(), c.trace_id);
  co_return to_response(*reply, c.trace_id, {status, false});
}

/// A body that holds all of a message but who asks.
template <class Message>
awaitable<response> ask_with(call& c, parsed<Message> body, int status) {
  if (!body)
    return answer(to_response(body.error(), c.trace_id));
  if constexpr (requires { body->login_id; }) {
    body->user_id = c.who.user_id;
    body->login_id = c.who.login_id;
  }
  return ask_accounts(c, std::move(*body), status);
}

awaitable<response> ask_for_mail(call& c, const char* purpose) {
  auto body = parse_ask_for_mail(body_of(c));
  if (body)
    body->purpose = purpose;
  return in_step(ask_with(c, std::move(body), 202));
}

// POST /v1/auth/verify
awaitable<response> post_verify(call& c) {
  return ask_with(c, parse_verify_address(body_of(c)), 204);
}

// POST /v1/auth/verify/resend
awaitable<response> post_resend(call& c) {
  return ask_for_mail(c, "verify");
}

// POST /v1/auth/recovery
awaitable<response> post_recovery(call& c) {
  return ask_for_mail(c, "recovery");
}

// POST /v1/auth/recovery/confirm
awaitable<response> post_recovery_confirm(call& c) {
  return ask_with(c, parse_recover_password(body_of(c)), 204);
}

// POST /v1/me/password
awaitable<response> post_password(call& c) {
  return ask_with(c, parse_change_password(body_of(c)), 204);
}

// POST /v1/me/email
awaitable<response> post_email(call& c) {
  return in_step(ask_with(c, parse_change_address(body_of(c)), 202));
}

response render(const messages::logins_page& page, const domain::uuid& current, std::size_t limit) {
  response out;
  domain::json_writer json{out.body};
  json.begin_object().key("items").begin_array();
  const auto shown = std::min(limit, page.logins.size());
  for (std::size_t i = 0; i < shown; ++i) {
    const auto& login = page.logins[i];
    json.begin_object()
      .member("id", login.login_id)
      .member("current", login.login_id == current)
      .member("user_agent", std::string_view{login.user_agent})
      .member("address", std::string_view{login.address})
      .member("created_at", login.created_at)
      .member("last_used_at", login.last_used_at)
      .member("expires_at", login.expires_at)
      .end_object();
  }
  json.end_array().key("next_cursor");
  if (page.logins.size() > limit)
    json.value(page.logins[limit - 1].login_id);
  else
    json.null();
  json.end_object();
  return out;
}

// GET /v1/me/sessions
awaitable<response> get_sessions(call& c) {
  query_reader query{c, {"limit", "cursor"}};
  const auto window = query.window();
  messages::get_logins what;
  what.user_id = c.who.user_id;
  what.limit = window.limit + 1; // one more tells whether there are more
  const auto before = domain::parse_uuid(window.cursor);
  if (!query.clean())
    co_return query.refusal(c);
  if (!window.cursor.empty() && !before) {
    messages::failure wrong;
    wrong.code = failure_code::invalid_content;
    wrong.detail = "The query is not valid; see errors.";
    wrong.errors.push_back({"cursor", "invalid_cursor", "This is no cursor of this list."});
    co_return to_response(wrong, c.trace_id);
  }
  what.before = before.value_or(domain::uuid{});
  auto waiting =
    ask<messages::logins_page>(c, c.at.common().ports.accounts, std::move(what),
                               c.at.common().config.limits.ask_timeout, failure_code::unavailable);
  const auto page = co_await std::move(waiting);
  if (!page)
    co_return to_response(page.error(), c.trace_id);
  if (page->problem)
    co_return to_response(*page->problem, c.trace_id);
  co_return render(*page, c.who.login_id, static_cast<std::size_t>(window.limit));
}

awaitable<response> end_sessions(call& c, std::optional<domain::uuid> which) {
  messages::end_login what;
  what.user_id = c.who.user_id;
  what.login_id = c.who.login_id;
  what.which = which;
  return ask_accounts(c, std::move(what), 204);
}

// DELETE /v1/me/sessions
awaitable<response> delete_sessions(call& c) {
  return end_sessions(c, std::nullopt);
}

// DELETE /v1/me/sessions/{id}
awaitable<response> delete_session(call& c) {
  const auto id = id_in(c);
  return id ? end_sessions(c, id) : answer(not_found(c));
}

// DELETE /v1/admin/users/{user_id}/sessions
awaitable<response> delete_sessions_of(call& c) {
  const auto id = id_in(c);
  if (!id)
    return answer(not_found(c));
  messages::end_access what;
  what.actor_id = c.who.user_id;
  what.user_id = *id;
  return ask_accounts(c, std::move(what), 204);
}

// DELETE /v1/me
awaitable<response> delete_me(call& c) {
  messages::erase_account what;
  what.user_id = c.who.user_id;
  what.login_id = c.who.login_id;
  return ask_accounts(c, std::move(what), 202);
}

// GET /v1/me/export
awaitable<response> get_export(call& c) {
  constexpr std::chrono::minutes longest{5};
  messages::export_account what;
  what.user_id = c.who.user_id;
  what.login_id = c.who.login_id;
  what.device = device_of(c);
  auto waiting = ask<messages::export_reply>(c, c.at.common().ports.accounts, std::move(what),
                                             longest, failure_code::unavailable);
  auto reply = co_await std::move(waiting);
  if (!reply)
    co_return to_response(reply.error(), c.trace_id);
  if (reply->problem)
    co_return to_response(*reply->problem, c.trace_id);
  response out;
  out.content_type = "application/zip";
  out.shared = std::move(reply->archive);
  out.with("Content-Disposition", "attachment; filename=\"spotter-export.zip\"");
  co_return out;
}

constexpr route rows[] = {
  {verb::post, "/v1/auth/verify", post_verify, false, body_kind::json, true},
  {verb::post, "/v1/auth/verify/resend", post_resend, false, body_kind::json, true},
  {verb::post, "/v1/auth/recovery", post_recovery, false, body_kind::json, true},
  {verb::post, "/v1/auth/recovery/confirm", post_recovery_confirm, false, body_kind::json, true},
  {verb::post, "/v1/me/password", post_password, true, body_kind::json, true},
  {verb::post, "/v1/me/email", post_email, true, body_kind::json, true},
  {verb::get, "/v1/me/sessions", get_sessions},
  {verb::del, "/v1/me/sessions", delete_sessions},
  {verb::del, "/v1/me/sessions/{id}", delete_session},
  {verb::del, "/v1/admin/users/{user_id}/sessions", for_admins<delete_sessions_of>},
  {verb::del, "/v1/me", delete_me},
  {verb::get, "/v1/me/export", get_export},
};

} // namespace

std::span<const route> account_routes() {
  return rows;
}

} // namespace spotter::gateway
