#include "actors/messages/cluster.hpp"

namespace spotter::messages {

std::string_view to_string(node_state state) noexcept {
  switch (state) {
    case node_state::joining:
      return "joining";
    case node_state::up:
      return "up";
    case node_state::draining:
      return "draining";
    case node_state::down:
      return "down";
  }
  return "unknown";
}

} // namespace spotter::messages
