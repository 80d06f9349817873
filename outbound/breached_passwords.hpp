#pragma once

#include "actors/messages/handles.hpp"
#include "outbound/curl_handle.hpp"

#include <caf/actor_system.hpp>

#include <string>

namespace spotter::outbound {

/// Where a range service is, and how patient its users are.
struct breach_settings {
  std::string url; // the range's prefix is put behind it, as in "https://host/range/"
  patience limits{std::chrono::milliseconds{1'000}, std::chrono::milliseconds{1'500}};
  std::string authorities; // see curl_handle
};

/// SHA-1 of `text` as 40 upper-case hexadecimal digits: the form in which such services keep
/// passwords, and good for nothing else.
[[nodiscard]] std::string sha1_hex(std::string_view text);

/// Tells whether a service's answer, lines of `SUFFIX:COUNT`, names this suffix with a count above
/// zero (lines with zero are padding).
[[nodiscard]] bool names_suffix(std::string_view answer, std::string_view suffix) noexcept;

/// Spawns the actor that asks the service, with a thread of its own. Where the service gives no
/// usable answer in time it answers with an error, and counts.
messages::breach_actor spawn_breached_passwords(caf::actor_system& system,
                                                breach_settings settings);

} // namespace spotter::outbound
