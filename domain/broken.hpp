#pragma once

// Guards that can be taken out of a server made for it, to see whether a test notices. In every other
// build SPOTTER_BROKEN is false and nothing of this is left.

#ifdef SPOTTER_BREAKABLE

#include <cstdlib>
#include <string>
#include <string_view>

namespace spotter::domain {

/// True if the environment's SPOTTER_BREAK, guards with commas between them, names this one.
inline bool is_broken(std::string_view guard) {
  static const std::string broken = [] {
    const char* names = std::getenv("SPOTTER_BREAK");
    return "," + std::string{names ? names : ""} + ",";
  }();
  return broken.find("," + std::string{guard} + ",") != std::string::npos;
}

} // namespace spotter::domain

#define SPOTTER_BROKEN(guard) ::spotter::domain::is_broken(guard)

#else

#define SPOTTER_BROKEN(guard) false

#endif
