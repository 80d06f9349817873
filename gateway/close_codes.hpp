#pragma once

#include <cstdint>
#include <string_view>

namespace spotter::gateway {

/// Why the server ends a WebSocket. 4000 to 4499: come back, after a random pause. 4500 to 4999: do
/// not, something must change first. Below 4000 are RFC 6455's own. Numbers are never reused.
enum class close_code : std::uint16_t {
  normal = 1000,           // the client asked for it
  protocol_error = 1002,   // frames that RFC 6455 forbids
  unsupported_data = 1003, // binary messages: there are none
  invalid_text = 1007,     // text that is not UTF-8
  policy = 1008,           // an Origin that is not allowed, found out late
  message_too_big = 1009,  // over the limit that `hello` names

  going_away = 4000,       // the server stops: come back after the pause that `drain` named
  slow_consumer = 4001,    // did not read fast enough: come back and resume from the last position
  reload = 4002,           // the stream lost its place: come back; a resume gives a snapshot
  session_moved = 4003,    // the session can't be reached now: come back and resume
  token_expired = 4004,    // not renewed in time: come back with a fresh token and resume
  heartbeat_missed = 4005, // two pings without an answer: come back and resume

  auth_timeout = 4500,    // no token within the time: the client's mistake
  invalid_token = 4501,   // the token is not valid: sign in or refresh first
  session_revoked = 4502, // the login was ended: sign in again
  bad_message = 4503,     // messages that are not JSON, again and again
};

/// The words that go with the code.
[[nodiscard]] constexpr std::string_view reason_of(close_code code) noexcept {
  switch (code) {
    case close_code::normal:
      return "";
    case close_code::protocol_error:
      return "protocol error";
    case close_code::unsupported_data:
      return "text messages only";
    case close_code::invalid_text:
      return "text is not UTF-8";
    case close_code::policy:
      return "origin not allowed";
    case close_code::message_too_big:
      return "message too big";
    case close_code::going_away:
      return "server is stopping, reconnect";
    case close_code::slow_consumer:
      return "too slow, resume from your position";
    case close_code::reload:
      return "stream lost its place, resume";
    case close_code::session_moved:
      return "session is moving, resume";
    case close_code::token_expired:
      return "token expired, reconnect with a fresh one";
    case close_code::heartbeat_missed:
      return "no answer to pings";
    case close_code::auth_timeout:
      return "no token in time";
    case close_code::invalid_token:
      return "token is not valid";
    case close_code::session_revoked:
      return "signed out";
    case close_code::bad_message:
      return "too many bad messages";
  }
  return "";
}

/// True when a client should come back by itself.
[[nodiscard]] constexpr bool is_reconnect(close_code code) noexcept {
  const auto n = static_cast<std::uint16_t>(code);
  return n >= 4000 && n < 4500;
}

} // namespace spotter::gateway
