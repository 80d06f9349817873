#include "persistence/read_connection.hpp"

namespace spotter::persistence {

namespace {

const statement set_user{"set_reader_user", set_reader_user_sql.data()};

} // namespace

read_connection::read_connection(const connection_settings& settings)
  : connection_(connect(settings)) {}

pqxx::prepped read_connection::prepared(const statement& what) {
  if (!prepared_.contains(what.name)) {
    connection_.prepare(what.name, what.sql);
    prepared_.insert(what.name);
  }
  return pqxx::prepped{what.name};
}

pqxx::result read_connection::call(const statement& what, const pqxx::params& params) {
  const auto name = prepared(what);
  pqxx::nontransaction work{connection_};
  return work.exec(name, params);
}

read_connection::transaction::transaction(read_connection& connection, const domain::uuid& user)
  : connection_(connection), work_(connection.connection_) {
  query(set_user, pqxx::params{domain::to_string(user)});
}

pqxx::result read_connection::transaction::query(const statement& what,
                                                 const pqxx::params& params) {
  return work_.exec(connection_.prepared(what), params);
}

void read_connection::ping() {
  pqxx::nontransaction work{connection_};
  work.exec("SELECT 1");
}

} // namespace spotter::persistence
