#pragma once

#include <string_view>

namespace spotter::gateway {

/// True for the name of a zone that the machine's time zone database has. Remembers what it found.
[[nodiscard]] bool is_time_zone(std::string_view name);

} // namespace spotter::gateway
