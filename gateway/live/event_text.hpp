#pragma once

#include "actors/messages/live.hpp"
#include "gateway/json/live_message.hpp"
#include "gateway/live/connection.hpp"

#include <optional>
#include <string>

// How what sessions say looks on each wire.

namespace spotter::gateway {

/// Appends one message as a frame, or as an event of a stream, with an id where there is a position.
void append_event(std::string& out, live_wire wire, std::string_view json,
                  const messages::position* at);

/// Appends an event as subscribers of `topic` get it.
void append_event(std::string& out, live_wire wire, const messages::event& what,
                  const std::string& topic);

/// The `subscribed` message.
[[nodiscard]] std::string subscribed_text(std::optional<std::int64_t> id, const live_topic& topic,
                                          const messages::subscribed& answer);

/// Reads the id of an event of a stream, "epoch-seq".
[[nodiscard]] std::optional<messages::position> parse_event_id(std::string_view text) noexcept;

} // namespace spotter::gateway
