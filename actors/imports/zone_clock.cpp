#include "actors/imports/zone_clock.hpp"

#include <date/tz.h>

#include <cstdio>
#include <stdexcept>

namespace spotter::actors {

std::optional<zone_clock> zone_clock::of(const std::string& iana_name) {
  try {
    return zone_clock{iana_name, date::locate_zone(iana_name)};
  } catch (const std::runtime_error&) {
    return std::nullopt; // date's way of saying that it does not know the zone
  }
}

zoned_time zone_clock::resolve(domain::local_instant local) const {
  const auto* zone = static_cast<const date::time_zone*>(zone_);
  const date::local_time<std::chrono::milliseconds> wall{local.time_since_epoch()};
  const auto info = zone->get_info(wall);
  // In both odd cases the offset before the change is the one that the clocks still showed.
  const domain::instant at{local.time_since_epoch() - info.first.offset};
  switch (info.result) {
    case date::local_info::ambiguous:
      return {at, clock_fit::ambiguous};
    case date::local_info::nonexistent:
      return {at, clock_fit::nonexistent};
    default:
      return {at, clock_fit::exact};
  }
}

std::string date_of(domain::local_instant local) {
  const std::chrono::year_month_day day{std::chrono::floor<std::chrono::days>(local)};
  char text[32];
  std::snprintf(text, sizeof text, "%04d-%02u-%02u", static_cast<int>(day.year()),
                static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()));
  return text;
}

} // namespace spotter::actors
