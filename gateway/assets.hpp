#pragma once

#include "actors/messages/shared_text.hpp"

#include <span>
#include <string>
#include <string_view>

namespace spotter::gateway {

/// A file that is built into the program.
struct asset {
  std::string path; // as requested: "/", "/main.js", "/v1/openapi.json"
  std::string_view content_type;
  std::string_view content;
  messages::shared_text text;   // the content, as answers share it: slow readers hold no copies
  messages::shared_text packed; // gzipped once, or nothing where that is not smaller
  std::string etag;             // a hash of the content
};

/// All of them; they live as long as the program.
[[nodiscard]] std::span<const asset> all_assets();

/// The file at a path, or nullptr.
[[nodiscard]] const asset* find_asset(std::string_view path);

} // namespace spotter::gateway
