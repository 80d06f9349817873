#pragma once

#include "persistence/read_connection.hpp"
#include "persistence/repository/rendering.hpp"

#include "actors/messages/job.hpp"

// Imports, their files and their logs, as readers see them.

namespace spotter::persistence {

[[nodiscard]] read_result read_imports(read_connection& db, const domain::uuid& user,
                                       const messages::get_imports& query);

[[nodiscard]] read_result read_import(read_connection& db, const domain::uuid& user,
                                      const messages::get_import& query);

[[nodiscard]] read_result read_import_log(read_connection& db, const domain::uuid& user,
                                          const messages::get_import_log& query);

[[nodiscard]] messages::import_image load(read_connection& db, const messages::load_import& query);

[[nodiscard]] messages::import_file load(read_connection& db,
                                         const messages::load_import_file& query);

} // namespace spotter::persistence
