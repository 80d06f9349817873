#pragma once

#include <string_view>

namespace spotter {

/// A file that is part of the program; see cmake/embed.cmake. Both live as long as the program.
struct embedded_file {
  std::string_view name;    // relative to the folder it was taken from
  std::string_view content; // byte for byte
};

} // namespace spotter
