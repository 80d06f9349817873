#pragma once

#include "persistence/read_connection.hpp"
#include "persistence/repository/rendering.hpp"

// Workouts with their instances and sets, as readers see them.

namespace spotter::persistence {

[[nodiscard]] read_result read_workouts(read_connection& db, const domain::uuid& user,
                                        const messages::get_workouts& query);

[[nodiscard]] read_result read_workout(read_connection& db, const domain::uuid& user,
                                       const messages::get_workout& query);

[[nodiscard]] read_result read_set(read_connection& db, const domain::uuid& user,
                                   const messages::get_set& query);

[[nodiscard]] messages::workout_image load(read_connection& db,
                                           const messages::load_workout& query);

[[nodiscard]] messages::source_matches load(read_connection& db,
                                            const messages::load_sources& query);

[[nodiscard]] messages::exercise_history load(read_connection& db,
                                              const messages::load_exercise_history& query);

} // namespace spotter::persistence
