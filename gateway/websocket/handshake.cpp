#include "gateway/websocket/handshake.hpp"

#include <openssl/evp.h>

#include <algorithm>

namespace spotter::gateway::websocket {

namespace {

/// 16 bytes in base64: 22 characters and two of padding.
bool is_key(std::string_view key) noexcept {
  return key.size() == 24 && key.ends_with("==")
         && std::all_of(key.begin(), key.end() - 2, [](char c) {
              return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
                     || c == '+' || c == '/';
            });
}

} // namespace

std::string accept_key(std::string_view key) {
  std::string text(key);
  text += "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; // the protocol's own constant
  unsigned char hash[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), hash, &size, EVP_sha1(), nullptr);
  unsigned char out[64];
  const int n = EVP_EncodeBlock(out, hash, static_cast<int>(size));
  return {reinterpret_cast<const char*>(out), static_cast<std::size_t>(n)};
}

bool is_allowed_origin(std::string_view origin, std::string_view host, bool secured,
                       const std::vector<std::string>& allowed) noexcept {
  if (origin.empty() || std::find(allowed.begin(), allowed.end(), origin) != allowed.end())
    return true;
  constexpr std::string_view https = "https://";
  constexpr std::string_view http = "http://";
  if (host.empty())
    return false;
  if (origin.starts_with(https))
    return same_text(origin.substr(https.size()), host);
  return !secured && origin.starts_with(http) && same_text(origin.substr(http.size()), host);
}

response shake_hands(const request& req, bool secured, const std::vector<std::string>& allowed,
                     std::string_view trace_id) {
  if (!lists_token(req.header("connection"), "upgrade")
      || !lists_token(req.header("upgrade"), "websocket"))
    return to_response(http_problem::upgrade_required,
                       "Open a WebSocket with the subprotocol spotter.v1, or read "
                       "/v1/live/sse.",
                       trace_id)
      .with("Upgrade", "websocket");
  if (req.header("sec-websocket-version") != "13")
    return to_response(http_problem::upgrade_required, "Only version 13 is spoken.", trace_id)
      .with("Upgrade", "websocket")
      .with("Sec-WebSocket-Version", "13");
  if (req.minor_version == 0 || req.has_body || !is_key(req.header("sec-websocket-key")))
    return to_response(http_problem::malformed_request, "The WebSocket handshake is malformed.",
                       trace_id);
  if (!is_allowed_origin(req.header("origin"), req.header("host"), secured, allowed))
    return to_response(http_problem::origin_refused,
                       "This page may not open sockets here; see allowed_origins.", trace_id);
  const auto offered = req.header("sec-websocket-protocol");
  if (!offered.empty() && !lists_token(offered, subprotocol))
    return to_response(http_problem::malformed_request,
                       "None of the offered subprotocols is spoken; offer spotter.v1.", trace_id);
  response out;
  out.status = 101;
  out.next = response::takeover::websocket;
  out.with("Upgrade", "websocket").with("Connection", "Upgrade");
  out.with("Sec-WebSocket-Accept", accept_key(req.header("sec-websocket-key")));
  if (!offered.empty())
    out.with("Sec-WebSocket-Protocol", subprotocol);
  return out;
}

} // namespace spotter::gateway::websocket
