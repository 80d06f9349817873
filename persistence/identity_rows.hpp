#pragma once

#include "actors/messages/identity.hpp"
#include "persistence/store_connection.hpp"

#include <pqxx/pqxx>

#include <utility>

namespace spotter::persistence {

/// The statements of accounts and logins on a connection that is opened when it is needed. Each is
/// one round trip to a function of migrations/0030_identity_functions or later. All throw what
/// libpqxx throws.
class identity_rows {
public:
  explicit identity_rows(connection_settings settings) : connection_(std::move(settings)) {}

  bool add_account(const messages::add_account& ask);
  messages::identity_stored add_login(const messages::add_login& ask);
  messages::account_image find_account(const messages::find_account& ask);
  messages::known_addresses load_addresses(const messages::load_addresses& ask);
  messages::login_image load_login(const messages::load_login& ask);
  bool rotate_login(const messages::rotate_login& ask);
  bool revoke_login(const messages::revoke_login& ask);
  bool note_event(const messages::note_security_event& ask);

  /// What everything above runs on, best in its `attempt`.
  [[nodiscard]] store_connection& connection() noexcept { return connection_; }

private:
  store_connection connection_;
};

} // namespace spotter::persistence
