#pragma once

#include "persistence/read_connection.hpp"
#include "persistence/repository/rendering.hpp"

#include "actors/messages/job.hpp"

// The shared catalogue, the caller's own exercises, and the muscle graph.

namespace spotter::persistence {

/// Catalogue and own exercises in one list by name. Each word of `q` must be in the name or in an
/// alias; `muscle` finds what trains it, or a muscle of that region.
[[nodiscard]] read_result read_exercises(read_connection& db, const domain::uuid& user,
                                         const messages::get_exercises& query);

[[nodiscard]] read_result read_exercise(read_connection& db, const domain::uuid& user,
                                        const messages::get_exercise& query);

[[nodiscard]] read_result read_muscles(read_connection& db, const domain::uuid& user,
                                       const messages::get_muscles& query);

[[nodiscard]] read_result read_taxonomies(read_connection& db, const domain::uuid& user);

[[nodiscard]] messages::exercise_image load(read_connection& db,
                                            const messages::load_exercise& query);

[[nodiscard]] messages::exercise_names load(read_connection& db,
                                            const messages::load_exercise_names& query);

} // namespace spotter::persistence
