#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace spotter::gateway {

/// How many bytes past the end of a text the JSON parser may read.
inline constexpr std::size_t json_slack = 64;

/// JSON text with `json_slack` readable bytes behind it.
class padded_text {
public:
  /// Makes room behind `text`, which must not change while this is in use.
  explicit padded_text(std::string& text) : data_((text.reserve(text.size() + json_slack), text)) {}

  /// A part of a padded text, or a text whose owner vouches for the room.
  [[nodiscard]] static padded_text within(std::string_view part) { return padded_text{part}; }

  [[nodiscard]] std::string_view view() const noexcept { return data_; }

private:
  explicit padded_text(std::string_view part) : data_(part) {}
  std::string_view data_;
};

} // namespace spotter::gateway
