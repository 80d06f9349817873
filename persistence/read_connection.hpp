#pragma once

#include "domain/uuid.hpp"
#include "persistence/connection.hpp"

#include <pqxx/pqxx>

#include <string>
#include <type_traits>
#include <unordered_set>
#include <utility>

namespace spotter::persistence {

/// A statement and the name under which a connection prepares it.
struct statement {
  const char* name;
  const char* sql;
};

/// The wall stays up only if each statement runs as one user: there is no way here to run one as
/// nobody. Statements are prepared when first used, or never
/// on a pooler's connection. All may throw what libpqxx throws.
class read_connection {
public:
  explicit read_connection(const connection_settings& settings);

  /// Calls a function that names its user itself (see migrations/0020_reads): one round trip.
  pqxx::result call(const statement& what, const pqxx::params& params);

  /// One read-only transaction as one user, on one snapshot.
  class transaction {
  public:
    pqxx::result query(const statement& what, const pqxx::params& params);

  private:
    friend class read_connection;
    transaction(read_connection& connection, const domain::uuid& user);

    read_connection& connection_;
    pqxx::transaction<pqxx::isolation_level::repeatable_read, pqxx::write_policy::read_only> work_;
  };

  /// What `read(transaction&)` gives, run as `user`. A read of several statements, or one that is
  /// not worth a function: four round trips and more.
  template <class Read>
  auto as(const domain::uuid& user, Read&& read) {
    transaction work{*this, user};
    auto result = std::forward<Read>(read)(work);
    work.work_.commit();
    return result;
  }

  /// While it lives, every read of another user's rows is made as the role of followers, in the name
  /// of one who looks: the database shows what is shared with that person at that moment.
  class following {
  public:
    following(read_connection& connection, const domain::uuid& actor);
    ~following();
    following(const following&) = delete;
    following& operator=(const following&) = delete;

  private:
    read_connection& connection_;
  };

  /// Asks the server for a sign of life.
  void ping();

  [[nodiscard]] bool is_open() const { return connection_.is_open(); }

private:
  pqxx::result run(pqxx::transaction_base& work, const statement& what, const pqxx::params& params);

  void follow(pqxx::transaction_base& work);

  pqxx::connection connection_;
  domain::uuid actor_; // nil: users read their own
  bool pooled_;
  std::unordered_set<std::string> prepared_;
};

} // namespace spotter::persistence
