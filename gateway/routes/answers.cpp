#include "gateway/routes/answers.hpp"

#include "domain/json_redaction.hpp"
#include "domain/named_uuid.hpp"
#include "gateway/fingerprint.hpp"
#include "gateway/utf8.hpp"

#include <algorithm>
#include <charconv>

namespace spotter::gateway {

namespace {

messages::failure invalid(std::string_view pointer, std::string_view code, std::string detail) {
  messages::failure out;
  out.code = messages::failure_code::invalid_content;
  out.detail = detail;
  out.errors.push_back({std::string(pointer), std::string(code), std::move(detail)});
  return out;
}

bool is_key(std::string_view key) noexcept {
  return !key.empty() && key.size() <= 255
         && std::all_of(key.begin(), key.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

/// The version in an If-Match header: `"12"`; -1 for a tag that no version of ours has.
std::int64_t version_of(std::string_view tag) noexcept {
  if (tag.size() < 3 || tag.front() != '"' || tag.back() != '"' || tag[1] == '-')
    return -1;
  tag = tag.substr(1, tag.size() - 2);
  std::int64_t version = 0;
  const auto [end, error] = std::from_chars(tag.data(), tag.data() + tag.size(), version);
  return error == std::errc{} && end == tag.data() + tag.size() ? version : -1;
}

response from_read(domain::expected<messages::read_reply, messages::failure> reply,
                   std::string_view trace_id) {
  if (!reply)
    return to_response(reply.error(), trace_id);
  if (const auto* why = std::get_if<messages::failure>(&reply->result))
    return to_response(*why, trace_id);
  auto& page = std::get<messages::rendered>(reply->result);
  return ok(std::move(page.body), page.version);
}

} // namespace

response to_response(const body_error& why, std::string_view trace_id) {
  if (!why.malformed.empty())
    return to_response(http_problem::malformed_json, why.malformed, trace_id);
  messages::failure failure;
  failure.code = messages::failure_code::invalid_content;
  failure.detail = why.errors.size() == 1 ? why.errors.front().detail
                                          : "Several fields are not valid; see errors.";
  failure.errors = why.errors;
  return to_response(failure, trace_id);
}

messages::device_info device_of(const call& c) {
  constexpr std::size_t longest = 256;
  std::string agent;
  for (const char ch : c.req.header("user-agent").substr(0, longest))
    if (ch >= 0x20 && ch < 0x7f)
      agent += ch;
  return {std::move(agent), std::string(c.address), std::string(c.request_id),
          std::string(c.trace_id)};
}

std::optional<response> refused_to_non_admin(const call& c) {
  if (!c.who.admin)
    return to_response(
      messages::failure{messages::failure_code::forbidden, "This needs the role `admin`.", {}, 0},
      c.trace_id);
  if (c.at.common().config.admins_need_second_factor && !c.who.second_factor)
    return to_response(
      messages::failure{messages::failure_code::second_factor_required,
                        "Administrators sign in with a second factor. Set up an authenticator at "
                        "POST /v1/me/mfa/totp, confirm it at POST /v1/me/mfa/totp/confirm, then "
                        "sign in again with its code. Who has one only has to sign in again.",
                        {},
                        0},
      c.trace_id);
  return std::nullopt;
}

response not_found(const call& c) {
  return to_response(
    messages::failure{messages::failure_code::not_found, "There is nothing of this id.", {}, 0},
    c.trace_id);
}

std::optional<domain::uuid> id_in(const call& c, std::size_t arg) {
  const auto id = domain::parse_uuid(c.args[arg]);
  return id && !id->is_nil() ? id : std::nullopt;
}

awaitable<response> answer(response what) {
  co_return what;
}

std::optional<std::int64_t> if_match(const call& c) {
  const auto tag = c.req.header("if-match");
  if (tag.empty() || tag == "*")
    return std::nullopt;
  return version_of(tag);
}

domain::expected<std::optional<messages::idempotency>, messages::failure> once(const call& c) {
  std::optional<messages::idempotency> out;
  if (!c.req.has_header("idempotency-key"))
    return out;
  const auto key = c.req.header("idempotency-key");
  if (!is_key(key))
    return invalid("Idempotency-Key", "invalid_format",
                   "Must have 1 to 255 visible ASCII characters.");
  out = messages::idempotency{std::string(key),
                              fingerprint({to_string(c.req.method), c.req.target, c.req.body})};
  return out;
}

domain::expected<bool, messages::failure> name_by_key(const call& c,
                                                      std::optional<domain::uuid>& id) {
  const auto key = once(c);
  if (!key)
    return key.error();
  if (!*key || id)
    return false;
  // The path keeps two resources apart that were made with the same key.
  id = domain::named_uuid(c.who.user_id, std::string(c.req.path()) + ' ' + (*key)->key);
  return true;
}

awaitable<response> run_command(call& c, messages::command_body body, command_answer looks) {
  messages::command command;
  command.user_id = c.who.user_id;
  command.trace_id = c.trace_id;
  command.body = std::move(body);
  auto key = once(c);
  if (!key)
    co_return to_response(key.error(), c.trace_id);
  command.once = std::move(*key);
  command.if_match = if_match(c);
  auto message = caf::make_message(std::move(command));
  auto waiting =
    c.at.users().ask(c.who.user_id, std::move(message), c.at.common().config.limits.ask_timeout);
  auto result = co_await std::move(waiting);
  const auto reply =
    decode<messages::command_reply>(std::move(result), messages::failure_code::outcome_unknown);
  if (!reply)
    co_return to_response(reply.error(), c.trace_id);
  co_return to_response(*reply, c.trace_id, looks);
}

response to_response(const messages::command_reply& reply, std::string_view trace_id,
                     command_answer looks) {
  if (const auto* why = std::get_if<messages::failure>(&reply.result))
    return to_response(*why, trace_id);
  const auto& outcome = std::get<messages::outcome>(reply.result);
  response out;
  if (looks.status != 0)
    out.status = looks.status;
  else if (!looks.has_body || outcome.body.empty())
    out.status = 204;
  else
    out.status = outcome.created ? 201 : 200;
  if (out.status != 204)
    out.shared = outcome.body;
  out.version = looks.has_body ? outcome.version : 0;
  if (outcome.replayed)
    out.with("Idempotency-Replayed", "true");
  return out;
}

awaitable<response> read_through_session(call& c, messages::query what) {
  messages::read question{c.who.user_id, std::move(what)};
  auto content = caf::make_message(std::move(question));
  auto result = co_await c.at.users().ask(c.who.user_id, std::move(content),
                                          c.at.common().config.limits.ask_timeout);
  co_return from_read(
    decode<messages::read_reply>(std::move(result), messages::failure_code::moved), c.trace_id);
}

awaitable<response> read(call& c, messages::query what) {
  messages::read question{c.who.user_id, std::move(what)};
  auto reply = co_await ask<messages::read_reply>(
    c, c.at.common().ports.reader, std::move(question), c.at.common().config.limits.ask_timeout,
    messages::failure_code::unavailable);
  co_return from_read(std::move(reply), c.trace_id);
}

awaitable<response> ask_factors(call& c, messages::factor_action action, int status,
                                bool named_by_key) {
  messages::factor_request request{c.who.user_id, c.who.login_id, device_of(c), std::move(action)};
  auto waiting = ask<messages::read_reply>(c, c.at.common().ports.factors, std::move(request),
                                           c.at.common().config.limits.slow_ask_timeout,
                                           messages::failure_code::outcome_unknown);
  auto reply = co_await std::move(waiting);
  if (!reply)
    co_return to_response(reply.error(), c.trace_id);
  if (auto* why = std::get_if<messages::failure>(&reply->result)) {
    if (named_by_key && why->code == messages::failure_code::id_reused) {
      why->code = messages::failure_code::idempotency_mismatch;
      why->detail = "This idempotency key was used with another request; use a new key.";
    }
    co_return to_response(*why, c.trace_id);
  }
  auto& page = std::get<messages::rendered>(reply->result);
  if (page.body.empty())
    co_return no_content();
  auto out = ok(std::move(page.body), page.version);
  out.status = status;
  if (page.replayed)
    out.with("Idempotency-Replayed", "true");
  co_return out.with("Cache-Control", "no-store");
}

awaitable<response> read_shared(call& c, domain::uuid athlete, messages::query what) {
  messages::check_share question{athlete, c.who.user_id, "history", device_of(c)};
  auto asking = ask<messages::share_checked>(c, c.at.common().ports.factors, std::move(question),
                                             c.at.common().config.limits.ask_timeout,
                                             messages::failure_code::unavailable);
  const auto share = co_await std::move(asking);
  if (!share)
    co_return to_response(share.error(), c.trace_id);
  if (share->problem)
    co_return to_response(*share->problem, c.trace_id);
  if (!share->allowed)
    co_return not_found(c);
  // The database asks again, whatever was answered here.
  messages::read request{athlete, std::move(what), c.who.user_id};
  auto reading = ask<messages::read_reply>(c, c.at.common().ports.reader, std::move(request),
                                           c.at.common().config.limits.ask_timeout,
                                           messages::failure_code::unavailable);
  auto reply = co_await std::move(reading);
  const bool with_notes =
    std::find(share->scopes.begin(), share->scopes.end(), "notes") != share->scopes.end();
  if (reply && !with_notes)
    if (auto* page = std::get_if<messages::rendered>(&reply->result))
      page->body = messages::shared_text{domain::without_values_of(page->body.view(), "notes")};
  co_return from_read(std::move(reply), c.trace_id);
}

// Rare: keys are known to all nodes long before they sign.
awaitable<std::optional<messages::failure>> look_for_keys(call& c) {
  std::optional<messages::failure> problem;
  const auto keeper = caf::actor_cast<caf::strong_actor_ptr>(c.at.common().ports.keeper);
  if (!keeper)
    co_return problem;
  auto question = caf::make_message(caf::update_atom_v);
  auto waiting =
    c.at.actors().ask(keeper, std::move(question), c.at.common().config.limits.ask_timeout);
  const auto result = co_await std::move(waiting);
  if (result.end != ask_end::answered)
    problem = keys_unknown();
  co_return problem;
}

query_reader::query_reader(const call& c, std::initializer_list<std::string_view> known)
  : query_(c.req.query()) {
  for (const auto& name : query_names(query_))
    if (std::find(known.begin(), known.end(), name) == known.end())
      error(name.substr(0, 64), "unknown_parameter", "There is no such parameter here.");
}

messages::page_window query_reader::window() {
  messages::page_window out;
  out.limit = static_cast<std::int32_t>(integer("limit", 50, 1, 200));
  out.cursor = text("cursor", 512);
  return out;
}

std::string query_reader::text(std::string_view name, std::size_t most) {
  auto value = query_parameter(query_, name).value_or("");
  if (value.size() > most) {
    error(name, "too_long", "Must have at most " + std::to_string(most) + " bytes.");
    return {};
  }
  // The database takes neither; a JSON body could not hold them either.
  if (value.find('\0') != value.npos || !is_utf8(value)) {
    error(name, "invalid_text", "Must be UTF-8 without U+0000.");
    return {};
  }
  return value;
}

std::int64_t query_reader::integer(std::string_view name, std::int64_t otherwise,
                                   std::int64_t least, std::int64_t most) {
  const auto value = query_parameter(query_, name);
  if (!value)
    return otherwise;
  std::int64_t out = 0;
  const auto [end, failed] = std::from_chars(value->data(), value->data() + value->size(), out);
  if (failed != std::errc{} || end != value->data() + value->size() || out < least || out > most) {
    error(name, "out_of_range",
          "Must be a whole number from " + std::to_string(least) + " to " + std::to_string(most)
            + ".");
    return otherwise;
  }
  return out;
}

std::optional<domain::instant> query_reader::time(std::string_view name) {
  const auto value = query_parameter(query_, name);
  if (!value)
    return std::nullopt;
  const auto at = domain::parse_rfc3339(*value);
  if (!at)
    error(name, "invalid_format", "Must be an RFC 3339 time, as 2026-03-01T17:04:05Z.");
  return at;
}

domain::uuid query_reader::id(std::string_view name) {
  const auto value = query_parameter(query_, name);
  if (!value)
    return {};
  const auto id = domain::parse_uuid(*value);
  if (!id || id->is_nil()) {
    error(name, "invalid_format", "Must be a UUID.");
    return {};
  }
  return *id;
}

std::string query_reader::word(std::string_view name,
                               std::initializer_list<std::string_view> words) {
  const auto value = query_parameter(query_, name);
  if (!value)
    return {};
  if (std::find(words.begin(), words.end(), *value) != words.end())
    return *value;
  std::string list;
  for (const auto word : words)
    (list += list.empty() ? "" : ", ") += word;
  error(name, "invalid_value", "Must be one of: " + list + ".");
  return {};
}

void query_reader::error(std::string_view name, std::string_view code, std::string detail) {
  constexpr std::size_t most_errors = 64; // the rest would only repeat itself
  if (errors_.size() < most_errors)
    errors_.push_back({std::string(name), std::string(code), std::move(detail)});
}

response query_reader::refusal(const call& c) const {
  messages::failure failure;
  failure.code = messages::failure_code::invalid_content;
  failure.detail = "The query is not valid; see errors.";
  failure.errors = errors_;
  return to_response(failure, c.trace_id);
}

} // namespace spotter::gateway
