#pragma once

#include "persistence/redis/redis_address.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

struct ssl_ctx_st;
struct ssl_st;

namespace spotter::persistence {

/// What went wrong with a Redis, in words.
class redis_failure : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// A connected stream, plain or TLS, on which each call ends by a deadline. All throw
/// `redis_failure`, after which the object is good for nothing.
///
/// hiredis has time-outs for one `read` or `write` only, so that a server which sends a byte now and
/// then holds its caller for ever, and Debian's has no TLS; so sockets are ours.
class redis_socket {
public:
  using clock = std::chrono::steady_clock;

  /// Connects; `ca` is a PEM file with the authorities of TLS, empty: the system's.
  redis_socket(const redis_address& where, const std::string& ca, clock::time_point deadline);
  ~redis_socket();
  redis_socket(const redis_socket&) = delete;
  redis_socket& operator=(const redis_socket&) = delete;

  void write(std::string_view bytes, clock::time_point deadline);

  /// At least one byte, at most `size`.
  [[nodiscard]] std::size_t read(char* to, std::size_t size, clock::time_point deadline);

private:
  struct free_tls {
    void operator()(ssl_ctx_st* p) const noexcept;
    void operator()(ssl_st* p) const noexcept;
  };

  void connect(const redis_address& where, clock::time_point deadline);
  void start_tls(const redis_address& where, const std::string& ca, clock::time_point deadline);
  void wait(short events, clock::time_point deadline) const;
  void wait_for_tls(int result, clock::time_point deadline) const;

  int fd_ = -1;
  std::unique_ptr<ssl_ctx_st, free_tls> context_;
  std::unique_ptr<ssl_st, free_tls> tls_;
};

} // namespace spotter::persistence
