#pragma once

#include "domain/json.hpp"
#include "domain/workout.hpp"

#include <optional>

namespace spotter::actors {

/// A rest that is under way.
struct rest_timer {
  domain::uuid workout_id;
  domain::uuid set_id;
  std::int64_t rest_ms = 0;
  domain::instant ends_at;
};

/// The rest that follows `set`; nothing if it has none, or it is over by `now`.
[[nodiscard]] std::optional<rest_timer> rest_after(const domain::set_record& set,
                                                   domain::instant now);

/// The rest under way in a live workout: that of the set completed last.
[[nodiscard]] std::optional<rest_timer> rest_in(const domain::workout& w, domain::instant now);

/// `{"workout_id", "set_id", "rest_ms", "ends_at"}`.
void write(domain::json_writer& json, const rest_timer& timer);

} // namespace spotter::actors
