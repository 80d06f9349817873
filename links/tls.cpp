#include "links/tls.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <stdexcept>

namespace spotter::links {

namespace {

constexpr unsigned host_flags = X509_CHECK_FLAG_NO_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT;

std::string first_error() {
  const auto code = ERR_peek_error(); // what happened first is the cause
  ERR_clear_error();
  const char* reason = code ? ERR_reason_error_string(code) : nullptr;
  return reason ? reason : "unknown error";
}

[[noreturn]] void fail(const std::string& what) {
  ERR_clear_error();
  throw std::runtime_error("cluster links: " + what);
}

template <auto Free>
struct freed_by {
  template <class T>
  void operator()(T* thing) const noexcept {
    Free(thing);
  }
};
using file_ptr = std::unique_ptr<std::FILE, freed_by<std::fclose>>;
using certificate_ptr = std::unique_ptr<X509, freed_by<X509_free>>;
using check_ptr = std::unique_ptr<X509_STORE_CTX, freed_by<X509_STORE_CTX_free>>;

// The setting must name a file with something in it; OpenSSL's own words about it name neither.
void must_be_readable(const std::string& path, const char* what, const char* key) {
  if (path.empty())
    fail(std::string{"there is no "} + what + ": set cluster." + key
         + " (links are never made without TLS)");
  const file_ptr file{std::fopen(path.c_str(), "rb")};
  if (!file)
    fail(std::string{"the "} + what + " " + path + " can't be read: " + std::strerror(errno));
  char first = 0;
  if (std::fread(&first, 1, 1, file.get()) != 1)
    fail(std::string{"the "} + what + " " + path
         + " can't be read: " + (std::ferror(file.get()) ? std::strerror(errno) : "it is empty"));
}

std::string date_of(const ASN1_TIME* time) {
  std::tm parts{};
  char text[32] = "?";
  if (ASN1_TIME_to_tm(time, &parts) == 1)
    std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &parts);
  return text;
}

// Verifies the own certificate as a peer would, so that the sentence is said here and not there.
void check_own(SSL_CTX* context, const std::string& path, const std::string& ca,
               const std::string& node_id) {
  X509* own = SSL_CTX_get0_certificate(context);
  if (X509_cmp_current_time(X509_get0_notBefore(own)) > 0)
    fail("the certificate " + path + " is not valid before " + date_of(X509_get0_notBefore(own)));
  if (X509_cmp_current_time(X509_get0_notAfter(own)) < 0)
    fail("the certificate " + path + " expired on " + date_of(X509_get0_notAfter(own)));
  if (X509_check_host(own, node_id.data(), node_id.size(), host_flags, nullptr) != 1)
    fail("the certificate " + path + " does not have the DNS name " + node_id
         + ", which is the node's");

  STACK_OF(X509)* chain = nullptr;
  SSL_CTX_get0_chain_certs(context, &chain);
  // Each node is both server and client of others.
  for (const int purpose : {X509_PURPOSE_SSL_SERVER, X509_PURPOSE_SSL_CLIENT}) {
    const check_ptr use{X509_STORE_CTX_new()};
    if (!use || X509_STORE_CTX_init(use.get(), SSL_CTX_get_cert_store(context), own, chain) != 1)
      fail("the certificate " + path + " can't be checked: " + first_error());
    X509_STORE_CTX_set_purpose(use.get(), purpose);
    if (X509_verify_cert(use.get()) != 1)
      fail("the certificate " + path + " is not good for the CA " + ca + ": "
           + X509_verify_cert_error_string(X509_STORE_CTX_get_error(use.get())));
  }
}

} // namespace

void ssl_context_deleter::operator()(SSL_CTX* context) const noexcept {
  SSL_CTX_free(context);
}

void ssl_deleter::operator()(SSL* ssl) const noexcept {
  SSL_free(ssl);
}

ssl_context make_link_context(const std::string& certificate, const std::string& key,
                              const std::string& ca, const std::string& node_id) {
  must_be_readable(certificate, "certificate", "certificate");
  must_be_readable(key, "key", "key");
  must_be_readable(ca, "CA", "ca");

  ssl_context made{SSL_CTX_new(TLS_method())};
  auto* context = made.get();
  if (!context)
    fail("TLS can't be set up: " + first_error());
  SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
  SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(context, 1);
  // Links are long: resuming saves nothing, and a ticket would outlive what was verified.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);

  if (SSL_CTX_use_certificate_chain_file(context, certificate.c_str()) != 1)
    fail("the certificate " + certificate + " can't be used: " + first_error());
  // A key that wants a password must not ask for it on the terminal.
  SSL_CTX_set_default_passwd_cb(context, [](char*, int, int, void*) { return -1; });
  // Reading the key checks it against the certificate; that failure has a sentence of its own.
  if (SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1) {
    const auto code = ERR_peek_last_error();
    if (ERR_GET_LIB(code) == ERR_LIB_X509)
      fail("the key " + key + " does not belong to the certificate " + certificate);
    fail("the key " + key + " can't be used: " + first_error());
  }
  if (SSL_CTX_check_private_key(context) != 1)
    fail("the key " + key + " does not belong to the certificate " + certificate);
  if (SSL_CTX_load_verify_file(context, ca.c_str()) != 1)
    fail("the CA " + ca + " can't be used: " + first_error());
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  check_own(context, certificate, ca, node_id);
  return made;
}

ssl_ptr make_dialler(SSL_CTX* context, int socket, const std::string& node_id) {
  ssl_ptr ssl{SSL_new(context)};
  if (!ssl || SSL_set_fd(ssl.get(), socket) != 1)
    return nullptr;
  SSL_set_hostflags(ssl.get(), host_flags);
  if (SSL_set1_host(ssl.get(), node_id.c_str()) != 1)
    return nullptr;
  SSL_set_connect_state(ssl.get());
  return ssl;
}

ssl_ptr make_acceptor(SSL_CTX* context, int socket) {
  ssl_ptr ssl{SSL_new(context)};
  if (!ssl || SSL_set_fd(ssl.get(), socket) != 1)
    return nullptr;
  SSL_set_accept_state(ssl.get());
  return ssl;
}

bool peer_has_name(SSL* ssl, const std::string& node_id) {
  const certificate_ptr peer{SSL_get1_peer_certificate(ssl)};
  return peer && SSL_get_verify_result(ssl) == X509_V_OK
         && X509_check_host(peer.get(), node_id.data(), node_id.size(), host_flags, nullptr) == 1;
}

std::string take_tls_error(SSL* ssl) {
  std::string text;
  if (const auto verdict = SSL_get_verify_result(ssl); verdict != X509_V_OK)
    text =
      std::string{"the peer's certificate is refused: "} + X509_verify_cert_error_string(verdict);
  else if (const auto code = ERR_peek_last_error();
           code != 0 && ERR_GET_REASON(code) != SSL_R_UNEXPECTED_EOF_WHILE_READING)
    text = std::string{"TLS failed: "}
           + (ERR_reason_error_string(code) ? ERR_reason_error_string(code) : "unknown error");
  ERR_clear_error();
  return text;
}

} // namespace spotter::links
