#pragma once

#include "actors/messages/failure.hpp"

#include <caf/error.hpp>

// Answers that have no room for a failure carry it inside an error.

namespace spotter::messages {

/// An error that carries `why`.
[[nodiscard]] caf::error to_error(failure why);

/// The failure that an error carries. One that carries none becomes `deadline_exceeded` for a
/// time-out, `unavailable` for a receiver that is gone, and else `internal`.
[[nodiscard]] failure to_failure(const caf::error& error);

} // namespace spotter::messages
