#include "persistence/store_connection.hpp"

#include "persistence/sqlstate.hpp"

#include <spdlog/spdlog.h>

#include <utility>

namespace spotter::persistence {

namespace {

constexpr std::chrono::milliseconds pause_after_failure{250};

} // namespace

store_connection::store_connection(connection_settings settings) : settings_(std::move(settings)) {}

void store_connection::ensure_connected() {
  if (connection_)
    return;
  if (std::chrono::steady_clock::now() < next_attempt_)
    throw pqxx::broken_connection{"the database could not be reached a moment ago"};
  try {
    connection_.emplace(connect(settings_));
  } catch (...) {
    next_attempt_ = std::chrono::steady_clock::now() + pause_after_failure;
    throw;
  }
}

bool store_connection::again(failed_tries& failed, bool connected, std::string_view sqlstate,
                             const std::string& why) {
  using messages::failure_code;
  const auto fault = fault_of(sqlstate);
  const bool gone = fault == database_fault::lost || fault == database_fault::read_only;
  if (gone)
    connection_.reset();
  failed.in_doubt = failed.in_doubt || (connected && fault == database_fault::lost);
  const bool may_repeat = failed.repeated == repetition::harmless || !failed.in_doubt;
  if (++failed.tries == 1 && ((gone && connected && may_repeat) || can_retry(fault)))
    return true;
  spdlog::warn("{} failed ({}): {}", failed.whose, to_string(fault), why);
  const bool passes = gone || fault == database_fault::timed_out || can_retry(fault);
  failed.code = failed.in_doubt ? failure_code::outcome_unknown
                : passes        ? failure_code::unavailable
                                : failure_code::internal;
  return false;
}

} // namespace spotter::persistence
