#pragma once

#include "actors/messages/failure.hpp"
#include "persistence/connection.hpp"

#include <pqxx/pqxx>

#include <chrono>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>

namespace spotter::persistence {

/// A connection that is opened when it is needed, and what is done when a statement on it fails.
class store_connection {
public:
  explicit store_connection(connection_settings settings);

  /// Whether a statement may have happened, when its connection broke, and yet be run again.
  enum class repetition { harmless, harmful };

  /// Runs a statement, once more where its connection broke (unless it may have happened and a
  /// repetition would do harm) or where the database was busy. Gives why it failed for good, after
  /// logging that in the name of `whose`: `outcome_unknown` where it may have happened, `unavailable`
  /// where it may pass, else `internal`. The statement may take whether it runs again.
  ///
  /// The one place where exceptions of the database become codes.
  template <std::invocable<bool> Statement>
  std::optional<messages::failure_code> attempt(std::string_view whose, repetition repeated,
                                                Statement statement) {
    failed_tries failed{whose, repeated};
    while (true) {
      bool connected = false;
      try {
        ensure_connected();
        connected = true;
        statement(failed.tries > 0);
        return std::nullopt;
      } catch (const pqxx::sql_error& error) {
        if (!again(failed, connected, error.sqlstate(), error.what()))
          return failed.code;
      } catch (const pqxx::failure& error) { // broken connections, and commits in doubt
        if (!again(failed, connected, {}, error.what()))
          return failed.code;
      } catch (const std::exception& error) {
        if (!again(failed, connected, "XX000", error.what()))
          return failed.code;
      }
    }
  }

  /// The connection; throws what libpqxx throws where there can be none.
  [[nodiscard]] pqxx::connection& operator*() {
    ensure_connected();
    return *connection_;
  }

private:
  struct failed_tries {
    std::string_view whose;
    repetition repeated;
    int tries = 0;
    bool in_doubt = false; // one reached the database and did not come back
    messages::failure_code code = messages::failure_code::internal;
  };

  /// Fails at once for a short while after a failure, so that a database that is away does not cost
  /// each request a time-out.
  void ensure_connected();

  /// Judges a failed try: whether another may help; else `failed.code` says what to answer.
  bool again(failed_tries& failed, bool connected, std::string_view sqlstate,
             const std::string& why);

  connection_settings settings_;
  std::optional<pqxx::connection> connection_;
  std::chrono::steady_clock::time_point next_attempt_{};
};

} // namespace spotter::persistence
