#pragma once

#include "actors/messages/shared_text.hpp"
#include "gateway/problem.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace spotter::gateway {

/// What a route answers. The connection adds what every answer carries (date, request id, timing,
/// length, CORS, compression).
struct response {
  /// Who goes on with the connection after this answer.
  enum class takeover : std::uint8_t { none, websocket, sse };

  int status = 200;
  std::string_view content_type = "application/json"; // must live forever
  std::string headers;                                // further lines, each "Name: value\r\n"
  std::string body;                                   // used when `shared` is empty
  messages::shared_text shared;                       // a page that others hold too
  messages::shared_text packed;                       // the same, gzipped, if that is at hand
  std::int64_t version = 0;                           // of the resource: becomes the ETag
  std::string etag;                                   // instead of `version`, without quotes
  bool close = false;
  takeover next = takeover::none;

  [[nodiscard]] std::string_view content() const noexcept {
    return shared.empty() ? std::string_view{body} : shared.view();
  }

  /// Adds a header line. Neither part may hold line ends.
  response& with(std::string_view name, std::string_view value);
};

/// 200 with a JSON body.
[[nodiscard]] response ok(messages::shared_text body, std::int64_t version = 0);

/// 204.
[[nodiscard]] response no_content();

/// The answer for a failure that an actor or a parser reported.
[[nodiscard]] response to_response(const messages::failure& failure, std::string_view trace_id);

/// The answer for a refusal of HTTP's own.
[[nodiscard]] response to_response(http_problem problem, std::string_view detail,
                                   std::string_view trace_id);

/// "OK" and so on.
[[nodiscard]] std::string_view reason_of(int status) noexcept;

/// Compresses with gzip; empty when that does not make it smaller.
[[nodiscard]] std::string gzip(std::string_view text);

} // namespace spotter::gateway
