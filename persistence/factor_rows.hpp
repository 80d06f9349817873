#pragma once

#include "actors/messages/factor.hpp"
#include "persistence/connection.hpp"

#include <pqxx/pqxx>

#include <chrono>
#include <optional>

namespace spotter::persistence {

/// The statements of factors, API keys and shares on a connection that is opened when it is needed.
/// Each is one round trip to a function of migrations/0071_factors or 0072_shares. All throw what
/// libpqxx throws.
class factor_rows {
public:
  explicit factor_rows(connection_settings settings);

  messages::factor_image load_factors(const messages::load_factors& ask);
  messages::factor_stored store(const messages::store_factor& ask);
  messages::api_key_checked find_api_key(const messages::find_api_key& ask);
  messages::share_checked check_share(const messages::check_share& ask);
  messages::challenge_answered pass_challenge(const messages::pass_challenge& ask);

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
