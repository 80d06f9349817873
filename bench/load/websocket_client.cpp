#include "bench/load/websocket_client.hpp"

#include <stdexcept>

namespace spotter::bench {

namespace {

constexpr unsigned char opcode_text = 1;
constexpr unsigned char opcode_close = 8;
constexpr unsigned char opcode_ping = 9;
constexpr unsigned char opcode_pong = 10;

void append(std::string& out, unsigned char opcode, std::string_view payload) {
  const auto size = payload.size();
  out += static_cast<char>(0x80 | opcode);
  if (size < 126) {
    out += static_cast<char>(0x80 | size);
  } else {
    out += static_cast<char>(0x80 | 126);
    out += static_cast<char>(size >> 8);
    out += static_cast<char>(size & 0xff);
  }
  out.append(4, '\0');
  out += payload;
}

} // namespace

websocket_client::websocket_client(loop& at, const endpoint& to, const std::string& path,
                                   const std::string& token, on_text handler)
  : stream{at, to}, handler_{std::move(handler)} {
  std::string request = "GET " + path
                        + " HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
                          "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  if (!token.empty())
    request += "Sec-WebSocket-Protocol: spotter.v1\r\nAuthorization: Bearer " + token + "\r\n";
  write(request + "\r\n");
}

void websocket_client::append_frame(std::string& out, std::string_view text) {
  append(out, opcode_text, text);
}

void websocket_client::send_text(std::string_view text) {
  if (open_) {
    static std::string frame;
    frame.clear();
    append(frame, opcode_text, text);
    write(frame);
  } else {
    append(waiting_, opcode_text, text);
  }
}

std::size_t websocket_client::on_bytes(std::string_view bytes) {
  std::size_t used = 0;
  if (!open_) {
    const auto end = bytes.find("\r\n\r\n");
    if (end == bytes.npos)
      return 0;
    if (bytes.substr(9, 3) != "101")
      throw std::runtime_error("no WebSocket: " + std::string{bytes.substr(0, 300)});
    open_ = true;
    used = end + 4;
    if (!waiting_.empty())
      write(waiting_);
    waiting_ = {};
  }
  while (const auto size = take_frame(bytes.substr(used)))
    used += size;
  return used;
}

/// The size of the frame at the front, once it is whole and dealt with; otherwise 0.
std::size_t websocket_client::take_frame(std::string_view bytes) {
  const auto byte = [bytes](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  if (bytes.size() < 2)
    return 0;
  std::size_t head = 2;
  std::size_t size = byte(1) & 0x7f;
  const std::size_t wide = size == 126 ? 2 : size == 127 ? 8 : 0;
  if (wide > 0) {
    if (bytes.size() < head + wide)
      return 0;
    size = 0;
    for (std::size_t i = 0; i < wide; ++i)
      size = size << 8 | byte(head + i);
    head += wide;
  }
  if (bytes.size() < head + size)
    return 0;
  const auto payload = bytes.substr(head, size);
  switch (byte(0) & 0x0f) {
    case opcode_text:
      handler_(payload);
      break;
    case opcode_ping: {
      std::string pong;
      append(pong, opcode_pong, payload);
      write(pong);
      break;
    }
    case opcode_close:
      throw std::runtime_error("the server closed a WebSocket with code "
                               + std::to_string(size < 2 ? 0 : byte(head) << 8 | byte(head + 1)));
    default:
      break;
  }
  return head + size;
}

} // namespace spotter::bench
