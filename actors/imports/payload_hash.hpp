#pragma once

#include "domain/formats/workout_file.hpp"
#include "domain/workout.hpp"

#include <string>
#include <string_view>

namespace spotter::actors {

/// 128 bits of a text, as 36 characters. It tells whether a file says something new, and must never
/// change: hashes are stored.
[[nodiscard]] std::string payload_hash_of(std::string_view canonical);

/// The hash of all that a file says about a workout: `as_read` gives the exercises' names, `w` the
/// rest. Ids and versions do not count.
[[nodiscard]] std::string payload_hash(const domain::workout& w,
                                       const domain::parsed_workout& as_read);

} // namespace spotter::actors
