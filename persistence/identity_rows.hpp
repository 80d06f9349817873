#pragma once

#include "actors/messages/identity.hpp"
#include "persistence/connection.hpp"

#include <pqxx/pqxx>

#include <chrono>
#include <optional>

namespace spotter::persistence {

/// The statements of accounts and logins on a connection that is opened when it is needed. Each is
/// one round trip to a function of migrations/0030_identity_functions or later. All throw what
/// libpqxx throws.
class identity_rows {
public:
  explicit identity_rows(connection_settings settings);

  bool add_account(const messages::add_account& ask);
  bool add_login(const messages::add_login& ask);
  messages::account_image find_account(const messages::find_account& ask);
  messages::known_addresses load_addresses(const messages::load_addresses& ask);
  messages::login_image load_login(const messages::load_login& ask);
  bool rotate_login(const messages::rotate_login& ask);
  bool revoke_login(const messages::revoke_login& ask);
  bool note_event(const messages::note_security_event& ask);

  /// Connects where there is no connection. After a failure it fails at once for a short while, so
  /// that a database that is away does not cost each request a time-out.
  void ensure_connected();

  void disconnect() noexcept { connection_.reset(); }

private:
  connection_settings settings_;
  std::optional<pqxx::connection> connection_;
  std::chrono::steady_clock::time_point next_attempt_{};
};

} // namespace spotter::persistence
