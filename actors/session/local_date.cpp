#include "actors/session/local_date.hpp"

#include <date/tz.h>

#include <stdexcept>

namespace spotter::actors {

std::optional<std::string> local_date(domain::instant at, const std::string& time_zone) {
  try {
    const auto* zone = date::locate_zone(time_zone);
    const auto local = date::floor<date::days>(zone->to_local(at));
    return date::format("%F", local);
  } catch (const std::runtime_error&) {
    return std::nullopt; // date's way of saying that it does not know the zone
  }
}

} // namespace spotter::actors
