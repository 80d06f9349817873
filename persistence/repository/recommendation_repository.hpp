#pragma once

#include "persistence/read_connection.hpp"
#include "persistence/repository/rendering.hpp"

// Advice that was given.

namespace spotter::persistence {

/// As it was told; once answered, with `accepted`, `outcome` and the version of the answer.
[[nodiscard]] read_result read_recommendation(read_connection& db, const domain::uuid& user,
                                              const messages::get_recommendation& query);

} // namespace spotter::persistence
