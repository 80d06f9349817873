#pragma once

#include "actors/messages/event.hpp"
#include "domain/expected.hpp"
#include "gateway/json/bodies.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace spotter::gateway {

/// What a subscriber follows: everything of its user, or one workout; or the training of somebody
/// who shares it.
struct live_topic {
  domain::uuid workout_id; // nil: all
  domain::uuid athlete_id; // nil: the user's own
  bool notes = true;       // they are shown

  friend bool operator==(const live_topic&, const live_topic&) = default;
};

/// Whether two topics have one name.
[[nodiscard]] inline bool same_name(const live_topic& a, const live_topic& b) noexcept {
  return a.workout_id == b.workout_id && a.athlete_id == b.athlete_id;
}

/// "me", "workout:<uuid>", "athlete:<uuid>" or "athlete:<uuid>/workout:<uuid>".
[[nodiscard]] std::string to_string(const live_topic& topic);

/// The inverse of `to_string`; anything else is nullopt.
[[nodiscard]] std::optional<live_topic> parse_topic(std::string_view text) noexcept;

enum class live_message_type : std::uint8_t { auth = 1, subscribe, unsubscribe, command, ping };

/// One message of a client over a WebSocket.
struct live_message {
  live_message_type type = live_message_type::ping;
  std::optional<std::int64_t> id;          // the client's, repeated in the answer
  std::string token;                       // auth
  live_topic topic;                        // subscribe, unsubscribe
  std::optional<messages::position> since; // subscribe
  std::string command;                     // command
  domain::uuid command_id;                 // command
  std::string_view data;                   // command: a JSON object within the message's text
};

/// A message that can't be used, with the id that an answer needs where one could be read.
struct live_message_error {
  std::optional<std::int64_t> id;
  body_error what;
};

/// Reads a message; `data` points into `text`.
[[nodiscard]] domain::expected<live_message, live_message_error> parse_live_message(
  padded_text text);

} // namespace spotter::gateway
