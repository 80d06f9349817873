#pragma once

#include "actors/factors/sealing.hpp"

#include <filesystem>

namespace spotter::actors::factors {

/// A sealer with the one key of a file, which is made at the first start (mode 0600). Throws
/// std::runtime_error with what to do when the file is not usable.
[[nodiscard]] sealer load_or_create_sealer(const std::filesystem::path& path);

} // namespace spotter::actors::factors
