#include "server/database_servers.hpp"

#include "persistence/connection.hpp"
#include "server/secrets.hpp"

#include <sodium.h>

namespace spotter::server {

database_servers read_database_servers(const config::settings& settings) {
  const auto& d = settings.database;
  database_servers out{d.server, d.direct.empty() ? d.server : d.direct};
  if (d.password.empty())
    return out;
  auto password = read_secret(settings, "database.password", d.password);
  for (auto* one : {&out.server, &out.direct})
    *one = persistence::with_password(*one, password);
  sodium_memzero(password.data(), password.size());
  return out;
}

} // namespace spotter::server
