#include "gateway/problem.hpp"

#include "domain/json.hpp"

namespace spotter::gateway {

messages::failure keys_unknown() {
  return {messages::failure_code::unavailable,
          "The keys of access tokens can't be looked up now. Try again shortly.",
          {},
          1'000};
}

problem_kind kind_of(messages::failure_code code) noexcept {
  using enum messages::failure_code;
  switch (code) {
    case invalid_content:
      return {422, "invalid_content", "The content is not valid"};
    case not_found:
      return {404, "not_found", "Not found"};
    case version_conflict:
      return {412, "version_conflict", "The resource has changed since"};
    case id_reused:
      return {409, "id_reused", "The id belongs to something else"};
    case conflict:
      return {409, "conflict", "The state does not allow it"};
    case idempotency_mismatch:
      return {422, "idempotency_mismatch", "The idempotency key was used for another request"};
    case idempotency_running:
      return {409, "idempotency_running", "The first request with this key is still running"};
    case overloaded:
      return {503, "overloaded", "Too busy"};
    case unavailable:
      return {503, "unavailable", "Not available now"};
    case outcome_unknown:
      return {503, "outcome_unknown", "It is not known whether the change was stored"};
    case moved:
      return {503, "moved", "The session is moving"};
    case invalid_credentials:
      return {401, "invalid_credentials", "The credentials are wrong"};
    case invalid_token:
      return {401, "invalid_token", "The token is not valid"};
    case forbidden:
      return {403, "forbidden", "Not allowed"};
    case email_taken:
      return {409, "email_taken", "The address has an account already"};
    case too_many_requests:
      return {429, "too_many_requests", "Too many requests"};
    case too_large:
      return {413, "too_large", "Too large"};
    case engine_failed:
      return {502, "engine_failed", "The recommender failed"};
    case deadline_exceeded:
      return {504, "deadline_exceeded", "It took too long"};
    case reauthentication_required:
      return {403, "reauthentication_required", "Prove who you are first"};
    case second_factor_required:
      return {403, "second_factor_required", "A second factor is needed"};
    case internal:
      break;
  }
  return {500, "internal", "Something broke on our side"};
}

problem_kind kind_of(http_problem problem) noexcept {
  using enum http_problem;
  switch (problem) {
    case malformed_request:
      return {400, "malformed_request", "The request is malformed"};
    case malformed_json:
      return {400, "malformed_json", "The body is not JSON"};
    case unauthenticated:
      return {401, "unauthenticated", "A token is needed"};
    case unknown_path:
      return {404, "not_found", "Not found"};
    case method_not_allowed:
      return {405, "method_not_allowed", "The method is not allowed here"};
    case request_timeout:
      return {408, "request_timeout", "The request took too long to arrive"};
    case length_required:
      return {411, "length_required", "The length is needed"};
    case too_large:
      return {413, "too_large", "Too large"};
    case target_too_long:
      return {414, "target_too_long", "The address is too long"};
    case unsupported_media_type:
      return {415, "unsupported_media_type", "The media type is not supported"};
    case expectation_failed:
      return {417, "expectation_failed", "The expectation can't be met"};
    case upgrade_required:
      return {426, "upgrade_required", "This is a WebSocket"};
    case header_too_large:
      return {431, "header_too_large", "The header is too large"};
    case origin_refused:
      return {403, "origin_refused", "Pages of this origin are not allowed"};
    case not_implemented:
      return {501, "not_implemented", "The transfer coding is not supported"};
    case version_unsupported:
      return {505, "version_unsupported", "The HTTP version is not supported"};
  }
  return {500, "internal", "Something broke on our side"};
}

void write_problem(std::string& out, const problem_kind& kind, std::string_view detail,
                   std::string_view trace_id, const std::vector<messages::field_error>& errors,
                   std::int32_t retry_after_ms) {
  domain::json_writer json{out};
  json.begin_object();
  json.member("type", "about:blank").member("title", kind.title).member("status", kind.status);
  json.member("detail", detail.empty() ? kind.title : detail).member("code", kind.code);
  if (!trace_id.empty())
    json.member("trace_id", trace_id);
  if (retry_after_ms > 0)
    json.member("retry_after_ms", retry_after_ms);
  if (!errors.empty()) {
    json.key("errors").begin_array();
    for (const auto& error : errors)
      json.begin_object()
        .member("pointer", std::string_view{error.pointer})
        .member("code", std::string_view{error.code})
        .member("detail", std::string_view{error.detail})
        .end_object();
    json.end_array();
  }
  json.end_object();
}

} // namespace spotter::gateway
