#include "actors/session/rest_timer.hpp"
#include "actors/session/unit_builder.hpp"

#include <algorithm>

// The rules of a set: log, update, delete.

namespace spotter::actors {

using namespace messages;
using domain::exercise_instance;
using domain::set_record;
using domain::workout;

namespace {

/// Bounds of one workout: far above what anybody does, low enough to hold and send whole.
constexpr std::size_t max_sets = 1000;
constexpr std::size_t max_instances = 200;

struct found_set {
  const workout* of = nullptr;
  const exercise_instance* instance = nullptr;
  const set_record* set = nullptr;
};

found_set find_set(const workout& w, const domain::uuid& set_id) {
  for (const auto& instance : w.exercises)
    for (const auto& set : instance.sets)
      if (set.set_id == set_id)
        return {&w, &instance, &set};
  return {};
}

std::size_t count_sets(const workout& w) {
  std::size_t n = 0;
  for (const auto& instance : w.exercises)
    n += instance.sets.size();
  return n;
}

/// Does a repeated request say what the stored set was made from?
bool same_content(const domain::set_entry& e, const found_set& found) {
  const auto& set = *found.set;
  return e.exercise_id == found.instance->exercise_id && e.kind == set.kind
         && e.actual == set.actual && e.target == set.target
         && (!e.exercise_instance_id || *e.exercise_instance_id == set.exercise_instance_id)
         && (!e.completed_at || *e.completed_at == set.completed_at);
}

/// The instance that a set joins; nullptr if it opens a new one.
const exercise_instance* joined_instance(const workout& w, const domain::set_entry& e) {
  if (e.exercise_instance_id) {
    const auto it = std::find_if(w.exercises.begin(), w.exercises.end(), [&e](const auto& i) {
      return i.instance_id == *e.exercise_instance_id;
    });
    return it == w.exercises.end() ? nullptr : &*it;
  }
  const auto it = std::find_if(w.exercises.rbegin(), w.exercises.rend(),
                               [&e](const auto& i) { return i.exercise_id == e.exercise_id; });
  return it == w.exercises.rend() ? nullptr : &*it;
}

template <class Position>
std::int32_t next_position(const std::vector<Position>& items) {
  std::int32_t next = 0;
  for (const auto& item : items)
    next = std::max(next, item.position + 1);
  return next;
}

/// Finds the set that a change is for, or says why not.
std::optional<decision> locate(const user_state& s, const domain::uuid& workout_id,
                               const domain::uuid& set_id, const command& cmd, found_set& out) {
  if (!s.knows_workout(workout_id))
    return need{load_workout{s.user_id(), workout_id, 0}};
  const auto* w = s.find_workout(workout_id);
  if (!w || w->deleted)
    return refuse(failure_code::not_found, "there is no such workout");
  out = find_set(*w, set_id);
  if (!out.set || out.set->deleted)
    return refuse(failure_code::not_found, "there is no such set in this workout");
  if (auto f = check_match(cmd, out.set->version))
    return std::move(*f);
  return std::nullopt;
}

/// Puts a set that was found, as it is now. A finished workout's row has its sums, which change too.
void put_changed(unit_builder& unit, const found_set& found, set_record set) {
  if (found.of->state == domain::workout_state::finished) {
    auto w = *found.of;
    w.version = unit.version();
    w.updated_at = unit.now();
    for (auto& instance : w.exercises)
      for (auto& old : instance.sets)
        if (old.set_id == set.set_id)
          old = set;
    unit.put(w);
  }
  unit.change(change_set{std::move(set)});
  unit.change(rebuild_records{found.instance->exercise_id});
}

} // namespace

decision decide_log_set(const user_state& s, const log_set& c, domain::instant now) {
  const auto& e = c.entry;
  if (!s.knows_workout(c.workout_id))
    return need{load_workout{s.user_id(), c.workout_id, 0}};
  const auto* w = s.find_workout(c.workout_id);
  if (!w || w->deleted)
    return refuse(failure_code::not_found, "there is no such workout");
  if (e.set_id) {
    if (const auto found = find_set(*w, *e.set_id); found.set) {
      const bool changed_since = found.set->updated_at != found.set->created_at;
      if (changed_since || same_content(e, found))
        return replay(s, found.set->version, true,
                      to_json(*found.set, found.instance->exercise_id));
      return refuse(failure_code::id_reused,
                    "a set with this id exists in the workout and differs; make a new id");
    }
  }
  if (w->state == domain::workout_state::finished)
    return refuse(failure_code::conflict,
                  "the workout is finished; start a new one, or change a set that it has");
  const auto* known = s.find_exercise(e.exercise_id);
  if (!known)
    return need{load_exercise{s.user_id(), e.exercise_id}};
  if (!known->found)
    return refuse_field("/exercise_id", "unknown_exercise",
                        "there is no such exercise; GET /v1/exercises lists them");
  const auto* instance = joined_instance(*w, e);
  if (instance && instance->exercise_id != e.exercise_id)
    return refuse_field("/exercise_instance_id", "other_exercise",
                        "this instance is of another exercise");
  if (count_sets(*w) >= max_sets || (!instance && w->exercises.size() >= max_instances))
    return refuse(failure_code::conflict, "the workout is full: 1,000 sets and 200 exercises");

  unit_builder unit{s, now};
  set_record set;
  set.set_id = e.set_id ? *e.set_id : domain::make_uuid_v7();
  set.workout_id = c.workout_id;
  set.kind = e.kind;
  set.actual = e.actual;
  set.target = e.target;
  set.completed_at = e.completed_at.value_or(now);
  set.version = unit.version();
  set.created_at = set.updated_at = now;
  if (instance) {
    set.exercise_instance_id = instance->instance_id;
    set.position = next_position(instance->sets);
  } else {
    exercise_instance fresh;
    fresh.instance_id = e.exercise_instance_id.value_or(domain::make_uuid_v7());
    fresh.workout_id = c.workout_id;
    fresh.exercise_id = e.exercise_id;
    fresh.own_exercise = known->own;
    fresh.position = next_position(w->exercises);
    fresh.version = unit.version();
    set.exercise_instance_id = fresh.instance_id;
    unit.change(put_instance{std::move(fresh), false});
  }
  auto body = to_json(set, e.exercise_id);
  unit.event(event_name::set_logged, c.workout_id, "set",
             [&body](domain::json_writer& json) { json.raw(body); });
  for (const auto& record : domain::new_records(set, e.exercise_id, known->records)) {
    unit.change(put_record{record});
    unit.event(event_name::record_achieved, c.workout_id, "record",
               [&record](domain::json_writer& json) { write(json, record); });
  }
  if (const auto rest = rest_after(set, now))
    unit.event(event_name::timer_started, c.workout_id, "timer",
               [&rest](domain::json_writer& json) { write(json, *rest); });
  unit.change(add_set{std::move(set)});
  return unit.finish(true, std::move(body));
}

decision decide_update_set(const user_state& s, const update_set& c, const command& cmd,
                           domain::instant now) {
  found_set found;
  if (auto other = locate(s, c.workout_id, c.set_id, cmd, found))
    return std::move(*other);
  unit_builder unit{s, now};
  auto set = *found.set;
  const auto take = [&c](effort_member member, auto& to, const auto& from) {
    if (c.given & member)
      to = from;
  };
  take(member_reps, set.actual.reps, c.actual.reps);
  take(member_weight, set.actual.weight, c.actual.weight);
  take(member_rpe, set.actual.rpe, c.actual.rpe);
  take(member_rir, set.actual.rir, c.actual.rir);
  take(member_distance, set.actual.distance_m, c.actual.distance_m);
  take(member_duration, set.actual.duration_ms, c.actual.duration_ms);
  take(member_rest, set.actual.rest_ms, c.actual.rest_ms);
  take(member_target, set.target, c.target);
  set.kind = c.kind.value_or(set.kind);
  set.completed_at = c.completed_at.value_or(set.completed_at);
  set.version = unit.version();
  set.updated_at = now;
  auto body = to_json(set, found.instance->exercise_id);
  unit.event(event_name::set_updated, c.workout_id, "set",
             [&body](domain::json_writer& json) { json.raw(body); });
  put_changed(unit, found, std::move(set));
  return unit.finish(false, std::move(body));
}

decision decide_delete_set(const user_state& s, const delete_set& c, const command& cmd,
                           domain::instant now) {
  found_set found;
  if (auto other = locate(s, c.workout_id, c.set_id, cmd, found))
    return std::move(*other);
  unit_builder unit{s, now};
  auto set = *found.set;
  set.deleted = true;
  set.version = unit.version();
  set.updated_at = now;
  unit.event(event_name::set_deleted, c.workout_id, "set",
             [&](domain::json_writer& json) { write(json, set, found.instance->exercise_id); });
  put_changed(unit, found, std::move(set));
  return unit.finish(false, {});
}

} // namespace spotter::actors
