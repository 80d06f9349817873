#include "gateway/transport.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <stdexcept>
#include <string_view>

namespace spotter::gateway {

namespace {

io_result from_syscall(ssize_t n, io_state blocked) noexcept {
  if (n > 0)
    return {io_state::done, static_cast<std::size_t>(n)};
  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
    return {blocked, 0};
  return {io_state::closed, 0};
}

int clamp(std::size_t size) noexcept {
  return static_cast<int>(std::min(size, static_cast<std::size_t>(INT_MAX)));
}

std::string last_error() {
  char text[256] = "unknown error";
  if (const auto code = ERR_get_error(); code != 0)
    ERR_error_string_n(code, text, sizeof text);
  return text;
}

} // namespace

void transport::ssl_deleter::operator()(SSL* ssl) const noexcept {
  SSL_free(ssl);
}

void ssl_context_deleter::operator()(SSL_CTX* context) const noexcept {
  SSL_CTX_free(context);
}

transport::transport(tcp_socket socket, SSL_CTX* tls) : socket_(std::move(socket)) {
  boost::system::error_code ignored;
  socket_.native_non_blocking(true, ignored);
  socket_.set_option(net::ip::tcp::no_delay(true), ignored);
  if (tls) {
    ssl_.reset(SSL_new(tls));
    if (ssl_) {
      SSL_set_fd(ssl_.get(), socket_.native_handle());
      SSL_set_accept_state(ssl_.get());
    } else {
      close();
    }
  }
}

transport::transport(transport&&) noexcept = default;

transport::~transport() {
  close();
}

io_state transport::failed(int result) noexcept {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return io_state::want_read;
    case SSL_ERROR_WANT_WRITE:
      return io_state::want_write;
    default:
      ERR_clear_error();
      return io_state::closed;
  }
}

io_state transport::handshake() {
  if (!ssl_)
    return io_state::done;
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  return result == 1 ? io_state::done : failed(result);
}

io_result transport::read(char* data, std::size_t size) {
  if (!ssl_)
    return from_syscall(::recv(socket_.native_handle(), data, size, 0), io_state::want_read);
  ERR_clear_error();
  const int n = SSL_read(ssl_.get(), data, clamp(size));
  if (n > 0)
    return {io_state::done, static_cast<std::size_t>(n)};
  return {failed(n), 0};
}

io_result transport::write(const char* data, std::size_t size) {
  if (!ssl_)
    return from_syscall(::send(socket_.native_handle(), data, size, MSG_NOSIGNAL),
                        io_state::want_write);
  ERR_clear_error();
  const int n = SSL_write(ssl_.get(), data, clamp(size));
  if (n > 0)
    return {io_state::done, static_cast<std::size_t>(n)};
  return {failed(n), 0};
}

io_result transport::write(std::span<const iovec> parts) {
  if (parts.empty())
    return {io_state::want_write, 0};
  if (ssl_ || parts.size() == 1)
    return write(static_cast<const char*>(parts[0].iov_base), parts[0].iov_len);
  msghdr message{};
  // The kernel does not write through it.
  message.msg_iov = const_cast<iovec*>(parts.data());
  message.msg_iovlen = parts.size();
  return from_syscall(::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL),
                      io_state::want_write);
}

void transport::close() noexcept {
  if (!socket_.is_open())
    return;
  if (ssl_ && SSL_is_init_finished(ssl_.get())) {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    ERR_clear_error();
  }
  boost::system::error_code ignored;
  socket_.close(ignored);
}

void transport::shut_down() noexcept {
  if (ssl_ && SSL_is_init_finished(ssl_.get())) {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    ERR_clear_error();
  }
  boost::system::error_code ignored;
  socket_.shutdown(net::ip::tcp::socket::shutdown_send, ignored);
}

namespace {

// Forward secret, and each message checked as it is decrypted. TLS 1.3 has no others.
constexpr const char* ciphers_of_tls_1_2 =
  "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
  "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
  "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384";

constexpr const char* groups = "X25519:P-256:P-384";

constexpr long sessions_kept = 16'384;
constexpr long session_seconds = 3'600;

/// HTTP/1.1 is all that is spoken: who offers only something else is refused, so that nobody's bytes
/// are taken for another protocol's.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* size,
                    const unsigned char* offered, unsigned offered_size, void*) {
  constexpr std::string_view ours = "http/1.1";
  for (unsigned at = 0; at < offered_size; at += 1u + offered[at])
    if (at + 1 + offered[at] <= offered_size && offered[at] == ours.size()
        && std::equal(ours.begin(), ours.end(), offered + at + 1)) {
      *out = offered + at + 1;
      *size = offered[at];
      return SSL_TLSEXT_ERR_OK;
    }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

} // namespace

ssl_context make_tls_context(const std::string& certificate, const std::string& key) {
  ssl_context context{SSL_CTX_new(TLS_server_method())};
  if (!context)
    throw std::runtime_error("TLS can't be set up: " + last_error());
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  // Buffers of idle connections are given back; partial writes fit our own queues.
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE
                                    | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // One call reads one record at most: a peer who sends only what is none of ours, as new keys again
  // and again, must not hold the thread.
  SSL_CTX_clear_mode(context.get(), SSL_MODE_AUTO_RETRY);
  // Sessions are kept here and not in tickets: the key of tickets would have to be changed again and
  // again, or whoever steals it could read what was sent before.
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION
                                       | SSL_OP_NO_TICKET | SSL_OP_CIPHER_SERVER_PREFERENCE
                                       | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_SERVER);
  SSL_CTX_sess_set_cache_size(context.get(), sessions_kept);
  SSL_CTX_set_timeout(context.get(), session_seconds);
  constexpr unsigned char name[] = "spotter";
  if (SSL_CTX_set_cipher_list(context.get(), ciphers_of_tls_1_2) != 1
      || SSL_CTX_set1_groups_list(context.get(), groups) != 1
      || SSL_CTX_set_session_id_context(context.get(), name, sizeof name - 1) != 1)
    throw std::runtime_error("TLS can't be set up: " + last_error());
  SSL_CTX_set_alpn_select_cb(context.get(), choose_protocol, nullptr);
  if (SSL_CTX_use_certificate_chain_file(context.get(), certificate.c_str()) != 1)
    throw std::runtime_error("the certificate " + certificate + " can't be used: " + last_error());
  if (SSL_CTX_use_PrivateKey_file(context.get(), key.c_str(), SSL_FILETYPE_PEM) != 1)
    throw std::runtime_error("the key " + key + " can't be used: " + last_error());
  if (SSL_CTX_check_private_key(context.get()) != 1)
    throw std::runtime_error("the key " + key + " does not belong to the certificate "
                             + certificate);
  return context;
}

} // namespace spotter::gateway
