#pragma once

#include "persistence/read_connection.hpp"
#include "persistence/repository/rendering.hpp"

#include <vector>

// Personal records.

namespace spotter::persistence {

[[nodiscard]] read_result read_records(read_connection& db, const domain::uuid& user,
                                       const messages::get_records& query);

/// The records of one exercise.
[[nodiscard]] std::vector<domain::personal_record> records_of(read_connection::transaction& tx,
                                                              const domain::uuid& user,
                                                              const domain::uuid& exercise);

} // namespace spotter::persistence
