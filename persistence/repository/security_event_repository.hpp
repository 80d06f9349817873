#pragma once

#include "persistence/read_connection.hpp"
#include "persistence/repository/rendering.hpp"

namespace spotter::persistence {

/// A page of the security events that concern `user`, newest first.
[[nodiscard]] read_result read_security_events(read_connection& db, const domain::uuid& user,
                                               const messages::get_security_events& query);

/// A page of everybody's. Refused with `forbidden` unless the database knows `user` as an
/// administrator at this moment, whatever an older token says. Each page is an event itself.
[[nodiscard]] read_result read_security_audit(read_connection& db, const domain::uuid& user,
                                              const messages::get_security_audit& query);

} // namespace spotter::persistence
