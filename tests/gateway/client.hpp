#pragma once

#include "gateway/websocket/frame.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace spotter::test {

/// An HTTP answer as it came.
struct answer {
  int status = 0;                             // 0: the connection ended instead
  std::map<std::string, std::string> headers; // lower-case names
  std::string body;
};

/// A message over a WebSocket, or its end.
struct ws_message {
  gateway::websocket::opcode kind = gateway::websocket::opcode::text;
  std::string text;
  std::uint16_t close_code = 0; // of a close frame
  bool ended = false;           // the connection ended without one
};

/// A client that shares no code with the server but the frame headers' numbers. Each wait ends after
/// ten seconds at the latest.
class client {
public:
  explicit client(std::uint16_t port, int receive_buffer = 0);
  ~client();
  client(const client&) = delete;
  client& operator=(const client&) = delete;

  [[nodiscard]] bool connected() const noexcept { return fd_ >= 0; }

  void send(std::string_view bytes);
  /// Sends a request with a JSON body (none if empty) and reads the answer.
  answer call(std::string_view method, std::string_view path, std::string_view token,
              std::string_view body = {}, std::string_view more_headers = {});
  answer read_answer();
  /// Reads until `text` has come; false when the connection ended before.
  bool reads(std::string_view text);
  /// True when the server has ended the connection.
  bool at_end();

  /// Opens a WebSocket; the status of the answer.
  int upgrade(std::string_view token, std::string_view more_headers = {});
  void send_text(std::string_view json);
  void send_frame(unsigned first_byte, std::string_view payload);
  ws_message read_message();
  /// The next message whose text has `part` in it; others are dropped.
  ws_message read_until(std::string_view part);

private:
  bool fill();
  std::string take(std::size_t size);
  std::string take_line();

  int fd_ = -1;
  std::string held_;
};

} // namespace spotter::test
