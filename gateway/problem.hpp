#pragma once

#include "actors/messages/failure.hpp"

#include <string>
#include <string_view>

namespace spotter::gateway {

/// How a failure looks to HTTP clients.
struct problem_kind {
  int status;
  std::string_view code; // stable, snake_case
  std::string_view title;
};

/// The answer to a token of a key that is not known, while keys can't be looked up.
[[nodiscard]] messages::failure keys_unknown();

/// The one table from failures to statuses.
[[nodiscard]] problem_kind kind_of(messages::failure_code code) noexcept;

/// A refusal that HTTP itself gives rise to, which no actor speaks of.
enum class http_problem : std::uint8_t {
  malformed_request = 1,  // 400: not HTTP, or ambiguous
  malformed_json,         // 400
  unauthenticated,        // 401: no token
  unknown_path,           // 404
  method_not_allowed,     // 405
  request_timeout,        // 408
  length_required,        // 411
  too_large,              // 413
  target_too_long,        // 414
  unsupported_media_type, // 415
  expectation_failed,     // 417
  upgrade_required,       // 426
  header_too_large,       // 431
  origin_refused,         // 403
  not_implemented,        // 501: a transfer coding that is not known
  version_unsupported,    // 505
};

/// The one table from HTTP's own refusals to statuses.
[[nodiscard]] problem_kind kind_of(http_problem problem) noexcept;

/// Appends an RFC 9457 document.
void write_problem(std::string& out, const problem_kind& kind, std::string_view detail,
                   std::string_view trace_id, const std::vector<messages::field_error>& errors = {},
                   std::int32_t retry_after_ms = 0);

} // namespace spotter::gateway
