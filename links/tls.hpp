#pragma once

#include <openssl/types.h>

#include <memory>
#include <optional>
#include <string>

// TLS 1.3 between nodes: both sides show a certificate of the cluster's CA.

namespace spotter::links {

struct ssl_context_deleter {
  void operator()(SSL_CTX* context) const noexcept;
};
using ssl_context = std::unique_ptr<SSL_CTX, ssl_context_deleter>;

struct ssl_deleter {
  void operator()(SSL* ssl) const noexcept;
};
using ssl_ptr = std::unique_ptr<SSL, ssl_deleter>;

/// A context for both sides of connections. Throws std::runtime_error that says what is wrong: a
/// file is not set, missing, unreadable or no PEM; the key does not belong to the certificate; the
/// certificate has expired, is not of the CA, or does not have the DNS name `node_id`.
[[nodiscard]] ssl_context make_link_context(const std::string& certificate, const std::string& key,
                                            const std::string& ca, const std::string& node_id);

/// The side that connects to `node_id`, on a connected socket: any other certificate fails the
/// handshake. Null when out of memory.
[[nodiscard]] ssl_ptr make_dialler(SSL_CTX* context, int socket, const std::string& node_id);

/// The side that was connected to.
[[nodiscard]] ssl_ptr make_acceptor(SSL_CTX* context, int socket);

/// True if the peer's certificate has `node_id` among its DNS names, without wildcards.
[[nodiscard]] bool peer_has_name(SSL* ssl, const std::string& node_id);

/// What the last failed step on this thread was about, for people; nothing if the other side just
/// went. Empties OpenSSL's queue.
[[nodiscard]] std::string take_tls_error(SSL* ssl);

} // namespace spotter::links
