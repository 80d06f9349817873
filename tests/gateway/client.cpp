#include "tests/gateway/client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace spotter::test {

client::client(std::uint16_t port, int receive_buffer) {
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (receive_buffer > 0)
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  const timeval patience{10, 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  const int on = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_port = htons(port);
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0) {
    ::close(fd_);
    fd_ = -1;
  }
}

client::~client() {
  if (fd_ >= 0)
    ::close(fd_);
}

void client::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0)
      return;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

bool client::fill() {
  char buffer[16 * 1024];
  const auto n = ::recv(fd_, buffer, sizeof buffer, 0);
  if (n <= 0)
    return false;
  held_.append(buffer, static_cast<std::size_t>(n));
  return true;
}

std::string client::take(std::size_t size) {
  while (held_.size() < size)
    if (!fill())
      return {};
  auto out = held_.substr(0, size);
  held_.erase(0, size);
  return out;
}

std::string client::take_line() {
  while (true) {
    if (const auto end = held_.find("\r\n"); end != held_.npos) {
      auto line = held_.substr(0, end);
      held_.erase(0, end + 2);
      return line;
    }
    if (!fill())
      return {};
  }
}

answer client::read_answer() {
  answer out;
  const auto first = take_line();
  if (first.size() < 12)
    return out;
  out.status = std::stoi(first.substr(9, 3));
  while (true) {
    const auto line = take_line();
    if (line.empty())
      break;
    const auto colon = line.find(": ");
    auto name = line.substr(0, colon);
    for (auto& c : name)
      c = static_cast<char>(std::tolower(c));
    out.headers[name] = line.substr(colon + 2);
  }
  if (const auto it = out.headers.find("content-length"); it != out.headers.end())
    out.body = take(std::stoul(it->second));
  return out;
}

answer client::call(std::string_view method, std::string_view path, std::string_view token,
                    std::string_view body, std::string_view more_headers) {
  std::string text;
  ((((text += method) += ' ') += path) += " HTTP/1.1\r\nHost: test\r\n") += more_headers;
  if (!token.empty())
    ((text += "Authorization: Bearer ") += token) += "\r\n";
  if (!body.empty())
    text +=
      "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  (text += "\r\n") += body;
  send(text);
  return read_answer();
}

bool client::reads(std::string_view text) {
  while (true) {
    if (const auto at = held_.find(text); at != held_.npos) {
      held_.erase(0, at + text.size());
      return true;
    }
    if (!fill())
      return false;
  }
}

bool client::at_end() {
  return held_.empty() && !fill();
}

int client::upgrade(std::string_view token, std::string_view more_headers) {
  std::string headers = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                        "Sec-WebSocket-Protocol: spotter.v1\r\n";
  headers += more_headers;
  return call("GET", "/v1/live", token, {}, headers).status;
}

void client::send_frame(unsigned first_byte, std::string_view payload) {
  std::string frame;
  frame += static_cast<char>(first_byte);
  if (payload.size() < 126) {
    frame += static_cast<char>(0x80 | payload.size());
  } else {
    frame += static_cast<char>(0x80 | 126);
    frame += static_cast<char>(payload.size() >> 8);
    frame += static_cast<char>(payload.size() & 0xff);
  }
  frame.append(4, '\0'); // a mask of zeros leaves the payload as it is
  frame += payload;
  send(frame);
}

void client::send_text(std::string_view json) {
  send_frame(0x81, json);
}

ws_message client::read_message() {
  ws_message out;
  const auto head = take(2);
  if (head.empty()) {
    out.ended = true;
    return out;
  }
  out.kind = static_cast<gateway::websocket::opcode>(head[0] & 0x0f);
  std::size_t size = static_cast<unsigned char>(head[1]);
  const auto wide = size == 126 ? 2u : size == 127 ? 8u : 0u;
  if (wide > 0) {
    size = 0;
    for (const char c : take(wide))
      size = (size << 8) | static_cast<unsigned char>(c);
  }
  out.text = size > 0 ? take(size) : std::string{};
  if (out.text.size() < size)
    out.ended = true;
  if (out.kind == gateway::websocket::opcode::close && out.text.size() >= 2)
    out.close_code = static_cast<std::uint16_t>((static_cast<unsigned char>(out.text[0]) << 8)
                                                | static_cast<unsigned char>(out.text[1]));
  return out;
}

ws_message client::read_until(std::string_view part) {
  while (true) {
    auto message = read_message();
    if (message.ended || message.close_code != 0 || message.text.find(part) != std::string::npos)
      return message;
  }
}

} // namespace spotter::test
