#pragma once

#include "actors/messages/failure.hpp"

#include <string>

namespace spotter::actors::cluster {

/// A refusal after which the same request may be sent again.
[[nodiscard]] inline messages::failure refusal(messages::failure_code code, std::string detail) {
  constexpr std::int32_t pause_ms = 500;
  return {code, std::move(detail), {}, pause_ms};
}

} // namespace spotter::actors::cluster
