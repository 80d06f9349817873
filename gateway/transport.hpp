#pragma once

#include "gateway/net.hpp"

#include <openssl/types.h>
#include <sys/uio.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace spotter::gateway {

/// How a step on a socket ended.
enum class io_state : std::uint8_t {
  done = 1,   // at least one byte moved
  want_read,  // wait until the socket is readable
  want_write, // wait until the socket is writable
  closed,     // the peer ended the connection, or it broke
};

struct io_result {
  io_state state = io_state::closed;
  std::size_t bytes = 0;
};

/// A connected socket, plain or with TLS, that is never waited for inside: each call does what can be
/// done at once. Whoever holds it may wait with Asio on `socket()`; no buffer is held meanwhile.
class transport {
public:
  /// Takes over a connected socket. With `tls` a handshake as server comes first.
  transport(tcp_socket socket, SSL_CTX* tls);
  transport(transport&&) noexcept;
  transport& operator=(transport&&) = delete;
  ~transport();

  [[nodiscard]] tcp_socket& socket() noexcept { return socket_; }
  [[nodiscard]] bool is_tls() const noexcept { return ssl_ != nullptr; }

  /// A step of the TLS handshake; `done` at once for a plain socket.
  io_state handshake();
  io_result read(char* data, std::size_t size);
  io_result write(const char* data, std::size_t size);
  /// Writes several parts; with TLS one at a time.
  io_result write(std::span<const iovec> parts);

  /// Ends the connection without waiting.
  void close() noexcept;

  /// Ends our half: the peer reads what was written, then the end.
  void shut_down() noexcept;

private:
  struct ssl_deleter {
    void operator()(SSL* ssl) const noexcept;
  };
  io_state failed(int result) noexcept;

  tcp_socket socket_;
  std::unique_ptr<SSL, ssl_deleter> ssl_;
};

struct ssl_context_deleter {
  void operator()(SSL_CTX* context) const noexcept;
};
using ssl_context = std::unique_ptr<SSL_CTX, ssl_context_deleter>;

/// A TLS 1.2+ server context from PEM files; throws std::runtime_error that says what is wrong.
[[nodiscard]] ssl_context make_tls_context(const std::string& certificate, const std::string& key);

} // namespace spotter::gateway
