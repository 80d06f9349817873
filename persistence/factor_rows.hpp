#pragma once

#include "actors/messages/factor.hpp"
#include "persistence/store_connection.hpp"

#include <pqxx/pqxx>

#include <utility>

namespace spotter::persistence {

/// The statements of factors, API keys and shares on a connection that is opened when it is needed.
/// Each is one round trip to a function of migrations/0071_factors or 0072_shares. All throw what
/// libpqxx throws.
class factor_rows {
public:
  explicit factor_rows(connection_settings settings) : connection_(std::move(settings)) {}

  messages::factor_image load_factors(const messages::load_factors& ask);
  messages::factor_stored store(const messages::store_factor& ask);
  messages::api_key_checked find_api_key(const messages::find_api_key& ask);
  messages::share_checked check_share(const messages::check_share& ask);
  messages::challenge_answered pass_challenge(const messages::pass_challenge& ask);

  /// What everything above runs on, best in its `attempt`.
  [[nodiscard]] store_connection& connection() noexcept { return connection_; }

private:
  store_connection connection_;
};

} // namespace spotter::persistence
