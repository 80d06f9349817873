#pragma once

#include "gateway/http/request.hpp"
#include "gateway/http/response.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace spotter::gateway::websocket {

inline constexpr std::string_view subprotocol = "spotter.v1";

/// The value of Sec-WebSocket-Accept for a client's key (RFC 6455, 4.2.2).
[[nodiscard]] std::string accept_key(std::string_view key);

/// True for a page of the server's own origin or of one in the list. Clients that are no browsers
/// send none, and are allowed. `secured`: the socket is, so that a page that is not is another origin.
[[nodiscard]] bool is_allowed_origin(std::string_view origin, std::string_view host, bool secured,
                                     const std::vector<std::string>& allowed) noexcept;

/// Answers a request to open a WebSocket: 101 with `takeover::websocket`, or the refusal.
[[nodiscard]] response shake_hands(const request& req, bool secured,
                                   const std::vector<std::string>& allowed,
                                   std::string_view trace_id);

} // namespace spotter::gateway::websocket
