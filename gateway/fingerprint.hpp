#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace spotter::gateway {

/// A hash of the parts and where they are divided: what an idempotency key stands for.
[[nodiscard]] std::string fingerprint(std::initializer_list<std::string_view> parts);

/// SHA-256 in hex.
[[nodiscard]] std::string sha256_hex(std::string_view content);

} // namespace spotter::gateway
