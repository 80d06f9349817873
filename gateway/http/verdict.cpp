#include "gateway/http/connection.hpp"
#include "gateway/http/header_values.hpp"
#include "gateway/routes/answers.hpp"
#include "gateway/worker.hpp"

namespace spotter::gateway {

namespace {

bool accepts_body(const route& row, const request& req) {
  const auto type = req.header("content-type");
  switch (row.body) {
    case body_kind::none:
      return true;
    case body_kind::json:
      return is_media_type(type, "application/json");
    case body_kind::optional_json:
      return !req.has_body || is_media_type(type, "application/json");
    case body_kind::merge_patch:
      return is_media_type(type, "application/json")
             || is_media_type(type, "application/merge-patch+json");
    case body_kind::multipart:
      return is_media_type(type, "multipart/form-data");
  }
  return false;
}

} // namespace

// What the head alone decides is decided before a body is read.
std::optional<response> http_connection::judge(call& c, const router::match& found,
                                               std::size_t limit) {
  const auto& req = c.req;
  if (found.result == router::outcome::unknown_path)
    return to_response(http_problem::unknown_path, "There is nothing at this path.", trace_id_);
  if (req.method == verb::options)
    return no_content().with("Allow", found.allow);
  if (found.result == router::outcome::wrong_method)
    return to_response(http_problem::method_not_allowed, "Allowed here: " + found.allow + ".",
                       trace_id_)
      .with("Allow", found.allow);
  const auto& row = *found.row;
  if (row.needs_token) {
    const auto token = bearer(req.header("authorization"));
    if (token.empty())
      return to_response(http_problem::unauthenticated,
                         "Send an access token: `Authorization: Bearer …`.", trace_id_);
    const auto who = at_.tokens().verify(token, domain::now());
    if (!who)
      return to_response(messages::failure{messages::failure_code::invalid_token,
                                           "The access token has expired or is not valid.",
                                           {},
                                           0},
                         trace_id_);
    c.who = *who;
    if (auto refusal = refuse_key(*who, row))
      return refusal;
    who_ = *who;
  }
  if (!accepts_body(row, req))
    return to_response(http_problem::unsupported_media_type,
                       row.body == body_kind::multipart
                         ? "Send multipart/form-data with a field `file`."
                         : "Send application/json.",
                       trace_id_);
  if (req.content_length.value_or(0) > limit)
    return to_response(http_problem::too_large,
                       "At most " + std::to_string(limit) + " bytes are accepted here.", trace_id_);
  return limit_account(row);
}

std::optional<response> http_connection::refuse_key(const caller& who, const route& row) const {
  if (!who.api_key)
    return std::nullopt;
  const auto needed = needed_scope(row.method, row.pattern);
  if (needed && has(who.scopes, *needed))
    return std::nullopt;
  return to_response(messages::failure{messages::failure_code::forbidden,
                                       needed ? "This needs a key with the scope `"
                                                  + std::string(to_string(*needed)) + "`."
                                              : "No API key may do this: sign in.",
                                       {},
                                       0},
                     trace_id_);
}

bool http_connection::has_unknown_key(const call& c, const router::match& found) {
  if (found.result != router::outcome::found)
    return false;
  const auto& row = *found.row;
  return (row.needs_token || needed_scope(row.method, row.pattern))
         && at_.tokens().must_ask(bearer(c.req.header("authorization")), domain::now());
}

// Whose an API key is can't be read from it. Asked once a minute at most, and before the verdict,
// which waits for nothing.
awaitable<std::optional<response>> http_connection::ask_for_key(call& c) {
  enter(phase::working);
  std::string token{bearer(c.req.header("authorization"))};
  auto device = device_of(c);
  auto whose = address_group(client_);
  auto waiting = at_.api_keys().ask(std::move(token), std::move(device), std::move(whose));
  const auto verdict = co_await std::move(waiting);
  verdict.sign_ins.append_headers(rate_headers_, limit_kind::sign_in);
  std::optional<response> refusal;
  if (verdict.refusal)
    refusal = to_response(*verdict.refusal, trace_id_);
  co_return refusal;
}

std::optional<response> http_connection::limit_account(const route& row) {
  if (!row.needs_token || row.limit != limit_kind::by_method || row.limited)
    return std::nullopt;
  const auto kind = row.method == verb::get ? limit_kind::read : limit_kind::write;
  return limited(at_.limits().take(kind, who_.user_id, request_began_), kind);
}

awaitable<std::optional<response>> http_connection::limit_exactly(limit_kind kind) {
  const bool by_address = kind == limit_kind::sign_in || kind == limit_kind::registration;
  auto whose = by_address ? address_group(client_) : domain::to_string(who_.user_id);
  auto waiting = at_.limits().ask(kind, std::move(whose));
  const auto how = co_await std::move(waiting);
  co_return limited(how, kind);
}

std::optional<response> http_connection::limited(const allowance& how, limit_kind kind) {
  how.append_headers(rate_headers_, kind);
  if (how.granted)
    return std::nullopt;
  return to_response(how.refusal(kind), trace_id_);
}

} // namespace spotter::gateway
