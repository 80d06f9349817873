#pragma once

#include "links/frame.hpp"

namespace spotter::test {

/// Messages of each alternative, filled with ordinary values.
[[nodiscard]] std::vector<messages::peer_frame> all_frames();

/// The payload of a message.
[[nodiscard]] links::bytes payload_of(messages::peer_frame frame);

} // namespace spotter::test
