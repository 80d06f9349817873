#pragma once

#include "links/frame.hpp"
#include "links/tls.hpp"
#include "tests/links/certificates.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <utility>

namespace spotter::test {

/// A TLS context for a client that may show any certificate, or none, and believes everybody.
[[nodiscard]] links::ssl_context careless_context(const std::optional<identity_files>& files,
                                                  int newest = 0);

/// A client on a socket that says what it likes. Waits 10 s at most for anything.
class raw_client {
public:
  explicit raw_client(std::uint16_t port);
  ~raw_client();
  raw_client(const raw_client&) = delete;
  raw_client& operator=(const raw_client&) = delete;

  /// Makes the handshake of the client's side; with TLS 1.3 it may succeed before it is refused.
  bool shake_hands(SSL_CTX* context);

  void send(const links::bytes& what);
  void send(links::frame_kind kind, const links::bytes& payload);

  /// The next frame; nothing once the connection has ended.
  std::optional<std::pair<links::frame_kind, links::bytes>> read();

  /// Reads until the connection ends; false if it does not in time.
  bool ends();

private:
  bool read_exactly(std::byte* to, std::size_t size);
  int read_some(std::byte* to, std::size_t size);

  int socket_;
  links::ssl_ptr ssl_;
  bool timed_out_ = false;
};

} // namespace spotter::test
