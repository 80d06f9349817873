#pragma once

#include "persistence/read_connection.hpp"
#include "persistence/repository/rendering.hpp"

// What sessions begin with, and what they forgot since.

namespace spotter::persistence {

/// The live workouts hold their deleted sets too, flagged, so that a set's id stays known.
[[nodiscard]] messages::session_image load(read_connection& db,
                                           const messages::load_session& query);

[[nodiscard]] messages::answer_image load(read_connection& db, const messages::load_answer& query);

/// The caller's profile.
[[nodiscard]] read_result read_profile(read_connection& db, const domain::uuid& user);

} // namespace spotter::persistence
