#include "persistence/redis/redis_socket.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace spotter::persistence {

namespace {

[[noreturn]] void fail(const char* what) {
  throw redis_failure{std::string{what} + ": " + std::strerror(errno)};
}

[[noreturn]] void fail_tls(const char* what) {
  char text[256] = "closed by the peer";
  if (const auto code = ERR_get_error())
    ERR_error_string_n(code, text, sizeof text);
  throw redis_failure{std::string{what} + ": " + text};
}

int open_socket(int family) {
  const int fd = ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0)
    fail("no socket");
  return fd;
}

} // namespace

void redis_socket::free_tls::operator()(ssl_ctx_st* p) const noexcept {
  SSL_CTX_free(p);
}

void redis_socket::free_tls::operator()(ssl_st* p) const noexcept {
  SSL_free(p);
}

redis_socket::redis_socket(const redis_address& where, const std::string& ca,
                           clock::time_point deadline) {
  try {
    connect(where, deadline);
    if (where.tls)
      start_tls(where, ca, deadline);
  } catch (...) {
    if (fd_ >= 0)
      ::close(fd_);
    throw;
  }
}

redis_socket::~redis_socket() {
  ::close(fd_);
}

void redis_socket::connect(const redis_address& where, clock::time_point deadline) {
  const auto finish = [this, deadline](const sockaddr* to, socklen_t size) {
    if (::connect(fd_, to, size) == 0)
      return;
    // A unix socket whose queue is full says EAGAIN: nobody accepts there.
    if (errno != EINPROGRESS)
      fail("no connection");
    wait(POLLOUT, deadline);
    socklen_t length = sizeof errno;
    int error = 0;
    if (::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &length) != 0 || error != 0) {
      errno = error;
      fail("no connection");
    }
  };
  if (where.host.empty()) {
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    if (where.path.size() >= sizeof to.sun_path)
      throw redis_failure{"the path of the unix socket is too long"};
    std::memcpy(to.sun_path, where.path.c_str(), where.path.size() + 1);
    fd_ = open_socket(AF_UNIX);
    finish(reinterpret_cast<const sockaddr*>(&to), sizeof to);
    return;
  }
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const auto port = std::to_string(where.port);
  // This alone can outlast the deadline; who waits for us has a time-out of its own.
  if (const int why = ::getaddrinfo(where.host.c_str(), port.c_str(), &hints, &found); why != 0)
    throw redis_failure{where.host + " is not known: " + ::gai_strerror(why)};
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> all{found, ::freeaddrinfo};
  for (const auto* a = found; a; a = a->ai_next) {
    try {
      fd_ = open_socket(a->ai_family);
      finish(a->ai_addr, a->ai_addrlen);
      const int on = 1;
      ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      return;
    } catch (const redis_failure&) {
      if (!a->ai_next)
        throw;
      ::close(fd_);
      fd_ = -1;
    }
  }
}

void redis_socket::start_tls(const redis_address& where, const std::string& ca,
                             clock::time_point deadline) {
  context_.reset(SSL_CTX_new(TLS_client_method()));
  if (!context_)
    fail_tls("no TLS");
  SSL_CTX_set_min_proto_version(context_.get(), TLS1_2_VERSION);
  SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
  const int trusted = ca.empty()
                        ? SSL_CTX_set_default_verify_paths(context_.get())
                        : SSL_CTX_load_verify_locations(context_.get(), ca.c_str(), nullptr);
  if (trusted != 1)
    fail_tls("the authorities of redis.ca can't be read");
  tls_.reset(SSL_new(context_.get()));
  if (!tls_ || SSL_set_fd(tls_.get(), fd_) != 1)
    fail_tls("no TLS");
  in6_addr ignored{};
  const bool is_ip = ::inet_pton(AF_INET, where.host.c_str(), &ignored) == 1
                     || ::inet_pton(AF_INET6, where.host.c_str(), &ignored) == 1;
  const int named =
    is_ip ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls_.get()), where.host.c_str())
          : SSL_set1_host(tls_.get(), where.host.c_str());
  if (named != 1 || (!is_ip && SSL_set_tlsext_host_name(tls_.get(), where.host.c_str()) != 1))
    fail_tls("no TLS");
  while (true) {
    ERR_clear_error();
    const int result = SSL_connect(tls_.get());
    if (result == 1)
      return;
    wait_for_tls(result, deadline);
  }
}

void redis_socket::wait(short events, clock::time_point deadline) const {
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock::now());
    if (left.count() <= 0)
      throw redis_failure{"no answer in time"};
    pollfd p{fd_, events, 0};
    const int n = ::poll(&p, 1, static_cast<int>(left.count()));
    if (n > 0)
      return;
    if (n < 0 && errno != EINTR)
      fail("no poll");
  }
}

void redis_socket::wait_for_tls(int result, clock::time_point deadline) const {
  switch (SSL_get_error(tls_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      wait(POLLIN, deadline);
      return;
    case SSL_ERROR_WANT_WRITE:
      wait(POLLOUT, deadline);
      return;
    default:
      fail_tls("TLS broke");
  }
}

void redis_socket::write(std::string_view bytes, clock::time_point deadline) {
  while (!bytes.empty()) {
    std::size_t sent = 0;
    if (tls_) {
      ERR_clear_error();
      const int result = SSL_write_ex(tls_.get(), bytes.data(), bytes.size(), &sent);
      if (result != 1)
        wait_for_tls(result, deadline);
    } else {
      const auto n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n >= 0)
        sent = static_cast<std::size_t>(n);
      else if (errno == EAGAIN || errno == EWOULDBLOCK)
        wait(POLLOUT, deadline);
      else if (errno != EINTR)
        fail("the connection broke");
    }
    bytes.remove_prefix(sent);
  }
}

std::size_t redis_socket::read(char* to, std::size_t size, clock::time_point deadline) {
  while (true) {
    if (tls_) {
      std::size_t got = 0;
      ERR_clear_error();
      const int result = SSL_read_ex(tls_.get(), to, size, &got);
      if (result == 1)
        return got;
      wait_for_tls(result, deadline);
      continue;
    }
    const auto n = ::recv(fd_, to, size, 0);
    if (n > 0)
      return static_cast<std::size_t>(n);
    if (n == 0)
      throw redis_failure{"the server closed the connection"};
    if (errno == EAGAIN || errno == EWOULDBLOCK)
      wait(POLLIN, deadline);
    else if (errno != EINTR)
      fail("the connection broke");
  }
}

} // namespace spotter::persistence
