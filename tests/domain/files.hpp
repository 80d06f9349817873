#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <string>

namespace spotter::tests {

/// The bytes of a file; tests run in the root of the repository.
inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream in{path, std::ios::binary};
  if (!in)
    throw std::runtime_error("can't read " + path.string());
  return {std::istreambuf_iterator<char>{in}, {}};
}

/// The folder of sample files. Without one the test program ends here, as skipped, and says so.
inline std::filesystem::path corpus() {
  const char* set = std::getenv("SPOTTER_CORPUS");
  std::filesystem::path folder = set != nullptr && *set != '\0' ? set : "../shared/corpus";
  if (!std::filesystem::is_directory(folder)) {
    std::cerr << "skipped: no sample files at " << folder << " (SPOTTER_CORPUS)\n";
    std::exit(77);
  }
  return folder;
}

} // namespace spotter::tests
