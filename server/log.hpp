#pragma once

#include <string>

namespace spotter::server {

/// Logs JSON lines to standard error: `time`, `level`, `node`, `thread`, `message`.
void start_log(const std::string& level, const std::string& node);

} // namespace spotter::server
