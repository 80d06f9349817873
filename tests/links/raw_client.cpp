#include "tests/links/raw_client.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>

namespace spotter::test {

links::ssl_context careless_context(const std::optional<identity_files>& files, int newest) {
  links::ssl_context made{SSL_CTX_new(TLS_client_method())};
  if (newest)
    SSL_CTX_set_max_proto_version(made.get(), newest);
  if (files
      && (SSL_CTX_use_certificate_chain_file(made.get(), files->certificate.c_str()) != 1
          || SSL_CTX_use_PrivateKey_file(made.get(), files->key.c_str(), SSL_FILETYPE_PEM) != 1))
    throw std::runtime_error("the client's certificate can't be used");
  return made;
}

raw_client::raw_client(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const timeval limit{10, 0};
  const int at_once = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0)
    throw std::runtime_error("the client can't connect");
}

raw_client::~raw_client() {
  ssl_ = nullptr;
  ::close(socket_);
}

bool raw_client::shake_hands(SSL_CTX* context) {
  ssl_.reset(SSL_new(context));
  SSL_set_fd(ssl_.get(), socket_);
  const bool done = SSL_connect(ssl_.get()) == 1;
  ERR_clear_error();
  return done;
}

void raw_client::send(const links::bytes& what) {
  // A node that has closed makes this fail, which the reader notices.
  if (ssl_)
    SSL_write(ssl_.get(), what.data(), static_cast<int>(what.size()));
  else
    ::send(socket_, what.data(), what.size(), MSG_NOSIGNAL);
  ERR_clear_error();
}

void raw_client::send(links::frame_kind kind, const links::bytes& payload) {
  links::bytes out;
  links::append_frame(out, kind, payload);
  send(out);
}

int raw_client::read_some(std::byte* to, std::size_t size) {
  errno = 0;
  const auto n = ssl_ ? SSL_read(ssl_.get(), to, static_cast<int>(size))
                      : static_cast<int>(::recv(socket_, to, size, 0));
  timed_out_ = n <= 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
  ERR_clear_error();
  return n;
}

bool raw_client::read_exactly(std::byte* to, std::size_t size) {
  while (size > 0) {
    const int n = read_some(to, size);
    if (n <= 0)
      return false;
    to += n;
    size -= static_cast<std::size_t>(n);
  }
  return true;
}

std::optional<std::pair<links::frame_kind, links::bytes>> raw_client::read() {
  std::byte head[links::header_size];
  if (!read_exactly(head, sizeof head))
    return std::nullopt;
  std::size_t size = 0;
  for (int i = 0; i < 4; ++i)
    size = size << 8 | std::to_integer<std::size_t>(head[i]);
  std::pair<links::frame_kind, links::bytes> out{static_cast<links::frame_kind>(head[4]), {}};
  out.second.resize(size);
  if (!read_exactly(out.second.data(), size))
    return std::nullopt;
  return out;
}

bool raw_client::ends() {
  std::byte ignored[4'096];
  while (read_some(ignored, sizeof ignored) > 0) {
  }
  return !timed_out_;
}

} // namespace spotter::test
