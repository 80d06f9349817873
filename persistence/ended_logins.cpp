#include "persistence/ended_logins.hpp"

#include <pqxx/pqxx>

namespace spotter::persistence {

std::vector<messages::login_revoked> load_ended_logins(pqxx::connection& writer,
                                                       std::chrono::seconds age) {
  pqxx::nontransaction tx{writer};
  std::vector<messages::login_revoked> out;
  for (const auto& [user_id, login_id] : tx.query<std::string, std::string>(
         "SELECT user_id, login_id FROM spotter.logins_ended_since(make_interval(secs => $1))",
         pqxx::params{age.count()}))
    out.push_back({domain::parse_uuid(user_id).value(), domain::parse_uuid(login_id).value()});
  return out;
}

std::vector<messages::login_revoked> load_ended_logins(const connection_settings& writer,
                                                       std::chrono::seconds age) {
  auto connection = connect(writer);
  return load_ended_logins(connection, age);
}

} // namespace spotter::persistence
