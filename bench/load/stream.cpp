#include "bench/load/stream.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <vector>

namespace spotter::bench {

namespace {

constexpr std::size_t scratch_size = 256 * 1024;

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

sockaddr_in address(std::uint32_t host, std::uint16_t port) {
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(port);
  at.sin_addr.s_addr = htonl(host);
  return at;
}

} // namespace

stream::stream(loop& at, const endpoint& to)
  : loop_{at}, socket_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
  if (socket_ < 0)
    fail("socket");
  const int on = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (to.source > 0) {
    ::setsockopt(socket_, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    const auto from = address(INADDR_LOOPBACK + to.source, 0);
    if (::bind(socket_, reinterpret_cast<const sockaddr*>(&from), sizeof from) != 0)
      fail("bind");
  }
  const auto server = address(INADDR_LOOPBACK, to.port);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&server), sizeof server) != 0)
    fail("connect");
  ::fcntl(socket_, F_SETFL, ::fcntl(socket_, F_GETFL) | O_NONBLOCK);
  loop_.add(socket_, EPOLLIN, *this);
}

stream::~stream() {
  ::close(socket_);
}

void stream::write(std::string_view bytes) {
  if (unsent_.empty()) {
    const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN)
      fail("send");
    if (sent > 0)
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    if (bytes.empty())
      return;
    loop_.change(socket_, EPOLLIN | EPOLLOUT, *this);
  }
  unsent_ += bytes;
}

void stream::flush() {
  const auto sent = ::send(socket_, unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN)
    fail("send");
  if (sent > 0)
    unsent_.erase(0, static_cast<std::size_t>(sent));
  if (unsent_.empty())
    loop_.change(socket_, EPOLLIN, *this);
}

void stream::on_ready(std::uint32_t events) {
  if (events & EPOLLOUT && !unsent_.empty())
    flush();
  if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
    read();
}

void stream::read() {
  static std::vector<char> scratch(scratch_size);
  const auto count = ::recv(socket_, scratch.data(), scratch.size(), 0);
  if (count < 0 && errno == EAGAIN)
    return;
  if (count < 0)
    fail("recv");
  if (count == 0)
    throw std::runtime_error("the server closed a connection");
  const std::string_view fresh{scratch.data(), static_cast<std::size_t>(count)};
  if (unread_.empty()) {
    const auto used = on_bytes(fresh);
    unread_ = fresh.substr(used);
  } else {
    unread_ += fresh;
    const auto used = on_bytes(unread_);
    unread_.erase(0, used);
  }
}

} // namespace spotter::bench
