#pragma once

#include "actors/messages/identity.hpp"
#include "persistence/connection.hpp"

#include <chrono>
#include <vector>

namespace spotter::persistence {

/// Everybody's logins that have ended within the last `age` (a day at most), by one query of an index.
/// Throws what libpqxx throws.
[[nodiscard]] std::vector<messages::login_revoked> load_ended_logins(pqxx::connection& writer,
                                                                     std::chrono::seconds age);

/// The same, on a connection of its own.
[[nodiscard]] std::vector<messages::login_revoked> load_ended_logins(
  const connection_settings& writer, std::chrono::seconds age);

} // namespace spotter::persistence
