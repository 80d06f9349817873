#include "persistence/connection_budget.hpp"

namespace spotter::persistence {

std::optional<std::string> too_many_connections(const connection_settings& direct,
                                                std::size_t wanted) {
  auto connection = connect(direct);
  const auto room = pqxx::nontransaction{connection}.query_value<std::int64_t>(
    "SELECT current_setting('max_connections')::bigint"
    "       - current_setting('superuser_reserved_connections')::bigint");
  if (static_cast<std::int64_t>(wanted) <= room)
    return std::nullopt;
  return "the node wants " + std::to_string(wanted) + " connections, but the server gives "
         + std::to_string(room) + " (max_connections, less those of superusers)";
}

} // namespace spotter::persistence
