#pragma once

#include "domain/expected.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace spotter::persistence {

/// Where a Redis is, and as whom to come.
struct redis_address {
  bool tls = false;
  std::string host; // empty: `path`
  std::uint16_t port = 6379;
  std::string path; // of a unix socket
  std::string user; // empty: the default one
  std::string password;
  int database = 0;

  /// For logs: without the password.
  [[nodiscard]] std::string to_text() const;
};

/// Reads `redis://[user:password@]host[:port][/database]`, `rediss://…` (TLS) or
/// `unix://[user:password@]/path[?db=database]`, percent-decoded. The error is a sentence that does
/// not quote the password.
[[nodiscard]] domain::expected<redis_address, std::string> parse_redis_address(
  std::string_view url);

} // namespace spotter::persistence
