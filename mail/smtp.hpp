#pragma once

#include "outbound/curl_handle.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

namespace spotter::mail {

/// Which mail server, and as whom.
struct smtp_settings {
  std::string server; // smtp://host[:port], which must offer STARTTLS, or smtps://host[:port]
  std::string user;   // empty: without authentication
  std::string password;
  std::string authorities; // see outbound::curl_handle
  outbound::patience limits{std::chrono::milliseconds{10'000}, std::chrono::milliseconds{30'000}};
  std::shared_ptr<const std::atomic<bool>> stopping; // once true, a delivery ends within a second
};

/// What became of a delivery.
enum class delivery : std::uint8_t {
  sent = 1, // the server has it
  retry,    // not now: the server said so, or could not be reached or trusted
  refused,  // never: the server said so about this recipient or content
};

struct delivery_report {
  delivery result = delivery::retry;
  std::string reason;
};

/// Delivers one message (see `to_wire`), blocking for as long as the limits allow. Never speaks without
/// verified TLS.
[[nodiscard]] delivery_report deliver(const smtp_settings& settings, const std::string& from,
                                      const std::string& to, const std::string& wire);

} // namespace spotter::mail
