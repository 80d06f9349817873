#pragma once

#include "domain/time.hpp"

#include <optional>
#include <string>

namespace spotter::actors {

/// The calendar date (yyyy-mm-dd) on which `at` falls in the IANA zone `time_zone`; nullopt for a
/// zone that the system's time zone database does not have.
[[nodiscard]] std::optional<std::string> local_date(domain::instant at,
                                                    const std::string& time_zone);

} // namespace spotter::actors
