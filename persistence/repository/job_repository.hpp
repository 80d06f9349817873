#pragma once

#include "persistence/read_connection.hpp"
#include "persistence/repository/rendering.hpp"

namespace spotter::persistence {

/// A page of everybody's jobs, newest first, without what they work on. Refused with `forbidden`
/// unless the database knows `user` as an administrator at this moment; each page is a security
/// event.
[[nodiscard]] read_result read_jobs(read_connection& db, const domain::uuid& user,
                                    const messages::get_jobs& query);

} // namespace spotter::persistence
