#pragma once

#include <string>
#include <string_view>

namespace spotter::domain {

/// `json`, which must be well-formed, with null in place of the value of every member called `name`,
/// at whatever depth. `name` must need no escapes.
[[nodiscard]] std::string without_values_of(std::string_view json, std::string_view name);

} // namespace spotter::domain
