#pragma once

#include "gateway/http/forwarded.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace spotter::gateway {

/// What the gateway bounds, and where. Reaching a bound has a defined answer; see README.md.
struct gateway_limits {
  std::size_t header_bytes = 16 * 1024;               // 431
  std::size_t target_bytes = 8 * 1024;                // 414
  std::size_t body_bytes = 1024 * 1024;               // 413
  std::size_t open_body_bytes = 16 * 1024;            // 413, where no token is needed
  std::size_t small_body_bytes = 64 * 1024;           // larger ones count for the next bound
  std::size_t body_total_bytes = 256 * 1024 * 1024;   // 503: all larger bodies in flight together
  std::size_t import_bytes = 64 * 1024 * 1024;        // 413, for uploads
  std::size_t upload_total_bytes = 512 * 1024 * 1024; // 503: all uploads in flight together
  std::size_t connections = 200'000;                  // refused at once
  std::size_t connections_per_address = 100'000;      // refused at once
  std::size_t pending_asks = 16'384;                  // 503, per io thread
  std::size_t commands_in_flight = 32;                // per socket: error `overloaded`
  std::size_t subscriptions = 16;                     // per socket: error `too_many_requests`
  std::size_t message_bytes = 64 * 1024;              // close 1009
  std::size_t send_queue_bytes = 256 * 1024;          // per socket: close as slow consumer
  int socket_send_buffer = 0;                         // bytes; 0 leaves it to the kernel
  std::size_t body_bytes_per_second = 16 * 1'024;     // slower bodies end with 408, answers at once
  // Requests a minute, answered with 429, on sockets with error `too_many_requests`; 0: no limit.
  std::int32_t sign_ins_per_minute = 600;      // per address
  std::int32_t registrations_per_minute = 600; // per address
  std::int32_t reads_per_minute = 60'000;      // per account
  std::int32_t writes_per_minute = 60'000;     // per account
  std::int32_t imports_per_minute = 120;       // per account

  std::chrono::milliseconds header_timeout{10'000};   // from the first byte to the end of the head
  std::chrono::milliseconds body_timeout{30'000};     // without progress in a body, in or out
  std::chrono::milliseconds idle_timeout{75'000};     // between requests
  std::chrono::milliseconds auth_timeout{10'000};     // for a socket's first message
  std::chrono::milliseconds heartbeat{25'000};        // a ping each; dead after two without answer
  std::chrono::milliseconds ask_timeout{10'000};      // of an actor's answer: 504
  std::chrono::milliseconds slow_ask_timeout{30'000}; // where passwords are hashed or files stored
};

/// Where and how the gateway listens.
struct gateway_config {
  std::string address = "0.0.0.0";
  std::uint16_t port = 8080; // 0: any free one, see gateway::port()
  unsigned io_threads = 2;
  std::string node = "spotter";   // named in `hello`
  std::string issuer = "spotter"; // `iss` of the access tokens
  std::string tls_certificate;    // PEM files; both empty: plain TCP
  std::string tls_key;
  /// Origins of pages that may open sockets and, through CORS, call the API: "https://host[:port]".
  /// The server's own origin is always allowed to open sockets.
  std::vector<std::string> allowed_origins;
  /// Whose word counts for where a request comes from.
  trusted_proxies trusted;
  /// Refuse administrators whose login was not opened with a second factor.
  bool admins_need_second_factor = true;
  gateway_limits limits;
};

} // namespace spotter::gateway
