#pragma once

#include "actors/messages/inspect_domain.hpp"

#include <string>

namespace spotter::messages {

/// Asks a part whether it can do its work. Answered with `health`.
struct get_health {};

/// `ready` is false with a reason in words.
struct health {
  std::string part; // "writer", "reader"
  bool ready = false;
  std::string detail;
};

template <class Inspector>
bool inspect(Inspector& f, get_health& x) {
  return f.object(x).fields();
}

template <class Inspector>
bool inspect(Inspector& f, health& x) {
  return f.object(x).fields(f.field("part", x.part), f.field("ready", x.ready),
                            f.field("detail", x.detail));
}

} // namespace spotter::messages
