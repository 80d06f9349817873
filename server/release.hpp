#pragma once

namespace spotter::server {

/// The release of this program, as in the build's project version.
inline constexpr const char* release = SPOTTER_RELEASE;

} // namespace spotter::server
