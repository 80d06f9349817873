#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spotter::gateway {

/// One part of a multipart/form-data body.
struct form_part {
  std::string name;
  std::string file_name;    // empty for a plain field
  std::string_view content; // in the body
};

/// The boundary that a Content-Type header names; nullopt when there is no usable one.
[[nodiscard]] std::optional<std::string> boundary_of(std::string_view content_type);

/// Cuts a body into its parts (RFC 7578), at most `most`. Nullopt when it is malformed.
[[nodiscard]] std::optional<std::vector<form_part>> parse_multipart(std::string_view body,
                                                                    std::string_view boundary,
                                                                    std::size_t most);

} // namespace spotter::gateway
