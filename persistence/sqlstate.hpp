#pragma once

#include <cstdint>
#include <string_view>

namespace spotter::persistence {

/// What a failed statement means for the one who ran it. The table in sqlstate.cpp is the only
/// place that reads SQLSTATEs.
enum class database_fault : std::uint8_t {
  lost = 1,  // the connection is gone, or the server is starting or stopping: connect again; a
             // commit that was under way may or may not have happened
  busy,      // deadlock, serialisation failure, lock time-out, no room: the same again may work
  timed_out, // statement_timeout, or cancelled
  duplicate, // a unique or primary key has that row already
  refused,   // another constraint, or a value out of range: the same again fails again
  denied,    // a privilege or a row-level policy: a defect of ours, never the client's doing
  read_only, // a standby: the primary is elsewhere
  defect,    // anything else: wrong SQL, wrong types, corruption
};

/// The meaning of a five-character SQLSTATE. An empty one (libpq gives none when the connection
/// breaks) is `lost`.
[[nodiscard]] database_fault fault_of(std::string_view sqlstate) noexcept;

/// True where running the same statement again on the same connection can succeed.
[[nodiscard]] constexpr bool can_retry(database_fault fault) noexcept {
  return fault == database_fault::busy;
}

/// "lost", "busy" and so on, for logs and metrics.
[[nodiscard]] std::string_view to_string(database_fault fault) noexcept;

} // namespace spotter::persistence
