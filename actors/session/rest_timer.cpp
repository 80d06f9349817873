#include "actors/session/rest_timer.hpp"

#include "actors/session/unit_builder.hpp"

namespace spotter::actors {

using namespace messages;

namespace {

const domain::set_record* last_completed(const domain::workout& w) {
  const domain::set_record* last = nullptr;
  for (const auto& instance : w.exercises)
    for (const auto& set : instance.sets)
      if (!set.deleted && (!last || set.completed_at >= last->completed_at))
        last = &set;
  return last;
}

} // namespace

std::optional<rest_timer> rest_after(const domain::set_record& set, domain::instant now) {
  const auto rest = set.actual.rest_ms.value_or(0);
  const auto ends_at = set.completed_at + std::chrono::milliseconds{rest};
  if (rest <= 0 || ends_at <= now)
    return std::nullopt;
  return rest_timer{set.workout_id, set.set_id, rest, ends_at};
}

std::optional<rest_timer> rest_in(const domain::workout& w, domain::instant now) {
  const auto* last = last_completed(w);
  if (!last || w.deleted || w.state != domain::workout_state::live)
    return std::nullopt;
  return rest_after(*last, now);
}

void write(domain::json_writer& json, const rest_timer& timer) {
  json.begin_object()
    .member("workout_id", timer.workout_id)
    .member("set_id", timer.set_id)
    .member("rest_ms", timer.rest_ms)
    .member("ends_at", timer.ends_at)
    .end_object();
}

// A rest that was cut short by the next set, or whose set or workout is gone, ends in silence.
decision decide_end_timer(const user_state& s, const end_timer& c, domain::instant now) {
  const auto* w = s.find_workout(c.workout_id);
  const auto* last = w ? last_completed(*w) : nullptr;
  if (!last || last->set_id != c.set_id || w->deleted || w->state != domain::workout_state::live)
    return replay(s, s.head_seq(), false, {});
  const auto rest = last->actual.rest_ms.value_or(0);
  unit_builder unit{s, now};
  unit.event(event_name::timer_ended, c.workout_id, "timer", [&](domain::json_writer& json) {
    write(json, rest_timer{c.workout_id, c.set_id, rest,
                           last->completed_at + std::chrono::milliseconds{rest}});
  });
  return unit.finish(false, {});
}

} // namespace spotter::actors
