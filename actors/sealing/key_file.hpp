#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>

namespace spotter::actors::sealing {

using key_bytes = std::array<std::uint8_t, 32>;

/// A key as people keep it: 32 bytes as they are, or as 64 hexadecimal digits or as base64, with or
/// without a line's end. Nullopt for anything else.
[[nodiscard]] std::optional<key_bytes> parse_key(std::string_view content);

/// Reads a key from a file. Throws std::runtime_error with what to do when it is not usable.
[[nodiscard]] key_bytes read_key_file(const std::filesystem::path& path);

/// Reads a key from a file, or makes the file with a random one (mode 0600, durable before this
/// returns; of several processes that start at once one makes it, the others read it). Throws
/// std::runtime_error with what to do when the file is not usable; `new_one` says what a new key
/// would do, as "ends every login".
[[nodiscard]] key_bytes read_or_create_key_file(const std::filesystem::path& path,
                                                std::string_view new_one);

} // namespace spotter::actors::sealing
