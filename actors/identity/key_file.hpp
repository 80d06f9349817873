#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string_view>

namespace spotter::actors::identity {

using key_bytes = std::array<std::uint8_t, 32>;

/// Reads 32 bytes from a file, or makes the file with random ones (mode 0600, durable before this
/// returns; of several processes that start at once one makes it, the others read it). Throws
/// std::runtime_error with what to do when the file is not usable; `new_one` says what a new key
/// would do, as "ends every login".
[[nodiscard]] key_bytes read_or_create_key_file(const std::filesystem::path& path,
                                                std::string_view new_one);

} // namespace spotter::actors::identity
