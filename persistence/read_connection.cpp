#include "persistence/read_connection.hpp"

namespace spotter::persistence {

namespace {

const statement set_user{"set_reader_user", set_reader_user_sql.data()};
const statement set_actor{"set_reader_actor", "SELECT set_config('app.actor_id', $1, true)"};
constexpr const char* set_role = "SET LOCAL ROLE spotter_follower";

} // namespace

read_connection::read_connection(const connection_settings& settings)
  : connection_(connect(settings)), pooled_(settings.pooled) {}

pqxx::result read_connection::run(pqxx::transaction_base& work, const statement& what,
                                  const pqxx::params& params) {
  if (pooled_)
    return work.exec(what.sql, params);
  if (!prepared_.contains(what.name)) {
    connection_.prepare(what.name, what.sql);
    prepared_.insert(what.name);
  }
  return work.exec(pqxx::prepped{what.name}, params);
}

pqxx::result read_connection::call(const statement& what, const pqxx::params& params) {
  if (!actor_.is_nil()) {
    pqxx::work work{connection_};
    follow(work);
    auto result = run(work, what, params);
    work.commit();
    return result;
  }
  pqxx::nontransaction work{connection_};
  return run(work, what, params);
}

// Both settings end with the transaction, whatever happens.
void read_connection::follow(pqxx::transaction_base& work) {
  run(work, set_actor, pqxx::params{domain::to_string(actor_)});
  work.exec(set_role);
}

read_connection::following::following(read_connection& connection, const domain::uuid& actor)
  : connection_(connection) {
  connection_.actor_ = actor;
}

read_connection::following::~following() {
  connection_.actor_ = domain::uuid{};
}

read_connection::transaction::transaction(read_connection& connection, const domain::uuid& user)
  : connection_(connection), work_(connection.connection_) {
  query(set_user, pqxx::params{domain::to_string(user)});
  if (!connection_.actor_.is_nil())
    connection_.follow(work_);
}

pqxx::result read_connection::transaction::query(const statement& what,
                                                 const pqxx::params& params) {
  return connection_.run(work_, what, params);
}

void read_connection::ping() {
  pqxx::nontransaction work{connection_};
  work.exec("SELECT 1");
}

} // namespace spotter::persistence
