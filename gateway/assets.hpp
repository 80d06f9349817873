#pragma once

#include <span>
#include <string>
#include <string_view>

namespace spotter::gateway {

/// A file that is built into the program.
struct asset {
  std::string path; // as requested: "/", "/main.js", "/v1/openapi.json"
  std::string_view content_type;
  std::string_view content;
  std::string etag; // a hash of the content
};

/// All of them; they live as long as the program.
[[nodiscard]] std::span<const asset> all_assets();

/// The file at a path, or nullptr.
[[nodiscard]] const asset* find_asset(std::string_view path);

} // namespace spotter::gateway
