#pragma once

#include <string_view>

namespace spotter::gateway {

// Readers of single header values, each of which takes any bytes.

/// The token of an `Authorization` header with the scheme Bearer; empty when there is none.
[[nodiscard]] std::string_view bearer(std::string_view authorization) noexcept;

/// Whether a `Content-Type` names this media type, whatever its parameters.
[[nodiscard]] bool is_media_type(std::string_view header, std::string_view wanted) noexcept;

/// Whether a client may choose this request id: nothing that could break a header or a log.
[[nodiscard]] bool is_request_id(std::string_view id) noexcept;

/// The trace id in a W3C `traceparent`, 32 hex digits, or nothing.
[[nodiscard]] std::string_view trace_of(std::string_view header) noexcept;

/// Whether a `Host` can be one: a name or address with an optional port, and nothing that readers
/// could take for a path, a user or two hosts.
[[nodiscard]] bool is_host(std::string_view host) noexcept;

} // namespace spotter::gateway
