#pragma once

#include "actors/messages/inspect_domain.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace spotter::messages {

/// Why a request was not carried out. `gateway/problem` maps each to an HTTP status and a stable
/// code; nothing else in the program speaks of statuses.
enum class failure_code : std::uint8_t {
  invalid_content = 1,  // 422: `errors` says what and where
  not_found,            // 404: not there, or another user's
  version_conflict,     // 412: If-Match names an older version
  id_reused,            // 409: the client-made id stands for something else already
  conflict,             // 409: the state of the resource does not allow it (`detail` says how)
  idempotency_mismatch, // 422: the key was used with another body
  idempotency_running,  // 409: the first request with this key has not ended yet
  overloaded,           // 503: a queue is full; retry after `retry_after_ms`
  unavailable,          // 503: the database cannot be reached; nothing was changed
  outcome_unknown,      // 503: the connection broke during the commit; retry with the same id
  moved,                // 503: the user's session is moving or restarting
  invalid_credentials,  // 401
  invalid_token,        // 401: bad, expired or revoked
  forbidden,            // 403: known user without the needed role or scope
  email_taken,          // 409
  too_many_requests,    // 429: retry after `retry_after_ms`
  too_large,            // 413
  engine_failed,        // 502: a recommender failed; nothing else is affected
  deadline_exceeded,    // 504: the work did not end within its deadline
  internal,             // 500: a defect; the log has the trace id
  // 403: the caller has to prove who they are first, see POST /v1/me/reauth
  reauthentication_required,
  // 403: an administrator has to sign in with a second factor first
  second_factor_required,
};

/// One thing wrong with a request's content.
struct field_error {
  std::string pointer; // JSON pointer into the body, or the parameter's name
  std::string code;    // stable, snake_case
  std::string detail;  // a sentence for people
};

/// A refusal: what went wrong, in words that say what to do.
struct failure {
  failure_code code = failure_code::internal;
  std::string detail;
  std::vector<field_error> errors;
  std::int32_t retry_after_ms = 0; // > 0 for 429 and 503
};

template <class Inspector>
bool inspect(Inspector& f, failure_code& x) {
  return inspect_enum<failure_code::second_factor_required>(f, x);
}

template <class Inspector>
bool inspect(Inspector& f, field_error& x) {
  return f.object(x).fields(f.field("pointer", x.pointer), f.field("code", x.code),
                            f.field("detail", x.detail));
}

template <class Inspector>
bool inspect(Inspector& f, failure& x) {
  return f.object(x).fields(f.field("code", x.code), f.field("detail", x.detail),
                            f.field("errors", x.errors),
                            f.field("retry_after_ms", x.retry_after_ms));
}

} // namespace spotter::messages
