#pragma once

#include "config/settings.hpp"

namespace spotter::server {

/// `spotterd serve`: runs a node in the foreground until SIGTERM or SIGINT, then drains it. Returns
/// the exit code: 0 after an orderly stop, 1 when it could not start.
[[nodiscard]] int serve(const config::settings& settings);

/// Blocks the signals that end a server in this thread and all that it starts, so that only `serve`
/// gets them. To be called before any thread starts.
void block_ending_signals();

} // namespace spotter::server
