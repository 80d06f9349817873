#include "persistence/sqlstate.hpp"

#include <array>

namespace spotter::persistence {

namespace {

struct entry {
  std::string_view prefix; // a whole SQLSTATE, or a class of two characters
  database_fault fault;
};

// Whole codes stand before their classes: the first that fits is taken.
constexpr std::array table{
  entry{"08", database_fault::lost},    // connection exceptions
  entry{"57P01", database_fault::lost}, // admin_shutdown
  entry{"57P02", database_fault::lost}, // crash_shutdown
  entry{"57P03", database_fault::lost}, // cannot_connect_now
  entry{"57P05", database_fault::lost}, // idle_session_timeout
  entry{"25P03", database_fault::lost}, // idle_in_transaction_session_timeout
  entry{"57014", database_fault::timed_out},
  entry{"40", database_fault::busy},    // serialisation failure, deadlock
  entry{"55P03", database_fault::busy}, // lock_not_available
  entry{"55006", database_fault::busy}, // object_in_use
  entry{"53", database_fault::busy},    // out of connections, memory, disk
  entry{"23505", database_fault::duplicate},
  entry{"23", database_fault::refused},   // integrity constraints
  entry{"22", database_fault::refused},   // values out of range or malformed
  entry{"42501", database_fault::denied}, // insufficient_privilege: row-level security as well
  entry{"25006", database_fault::read_only},
};

} // namespace

database_fault fault_of(std::string_view sqlstate) noexcept {
  if (sqlstate.empty())
    return database_fault::lost;
  for (const auto& known : table)
    if (sqlstate.starts_with(known.prefix))
      return known.fault;
  return database_fault::defect;
}

std::string_view to_string(database_fault fault) noexcept {
  switch (fault) {
    case database_fault::lost:
      return "lost";
    case database_fault::busy:
      return "busy";
    case database_fault::timed_out:
      return "timed_out";
    case database_fault::duplicate:
      return "duplicate";
    case database_fault::refused:
      return "refused";
    case database_fault::denied:
      return "denied";
    case database_fault::read_only:
      return "read_only";
    case database_fault::defect:
      return "defect";
  }
  return "unknown";
}

} // namespace spotter::persistence
