#pragma once

#include "gateway/json/reader.hpp"

// What the files of this folder that touch simdjson have in common.

namespace spotter::gateway::json {

/// Turns simdjson's error into ours.
template <class T>
T must(simdjson::simdjson_result<T> result) {
  T out;
  const auto code = std::move(result).get(out);
  if (code != simdjson::SUCCESS)
    throw malformed{simdjson::error_message(code)};
  return out;
}

inline void must(simdjson::error_code code) {
  if (code != simdjson::SUCCESS)
    throw malformed{simdjson::error_message(code)};
}

/// RFC 8259's grammar of numbers, for those that no machine type holds. Blanks may follow.
[[nodiscard]] bool is_number(std::string_view text) noexcept;

/// Notes a wrong type and walks over the value.
void wrong_type(reader& r, value& v, std::string_view wanted);

} // namespace spotter::gateway::json
