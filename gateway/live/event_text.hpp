#pragma once

#include "actors/messages/live.hpp"
#include "gateway/json/live_message.hpp"
#include "gateway/live/connection.hpp"

#include <optional>
#include <string>

// How what sessions say looks on each wire.

namespace spotter::gateway {

/// Whether JSON tells of a workout that came from another service. Such rows are not shown to
/// followers live: their provider's terms may forbid it.
[[nodiscard]] bool is_from_elsewhere(std::string_view json) noexcept;

/// Whether subscribers of a topic get an event: of one's own all that belongs to the topic, of others
/// their training only.
[[nodiscard]] bool is_shown(const live_topic& topic, const messages::event& what) noexcept;

/// The event as they get it: without notes where these are not shared.
[[nodiscard]] messages::event as_shown(const live_topic& topic, const messages::event& what);

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
