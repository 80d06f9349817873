#include "actors/session/local_date.hpp"
#include "actors/session/unit_builder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

// The rules of a workout's life: start, update, finish, delete, restore, revert.

namespace spotter::actors {

using namespace messages;
using domain::workout;
using domain::workout_state;

namespace {

/// More than anybody trains at once; a bound for what a session holds in memory.
constexpr std::size_t max_live_workouts = 10;

failure no_such_workout() {
  return refuse(failure_code::not_found, "there is no such workout");
}

failure unknown_zone(const std::string& zone) {
  return refuse_field("/time_zone", "unknown_time_zone",
                      fmt::format("'{}' is not an IANA time zone, such as Europe/Berlin", zone));
}

/// Adds `workout` and what else `extra` writes to one object's members.
template <class Extra>
std::string workout_with(const workout& w, Extra&& extra) {
  std::string out;
  out.reserve(1024);
  domain::json_writer json{out};
  write(json, w, true);
  out.pop_back(); // reopens the object
  json.key("summary");
  extra(json);
  out += '}';
  return out;
}

/// The summary that a finished workout is answered with; `records` are those its sets hold.
std::string finished_body(const user_state& s, const workout& w) {
  return workout_with(w, [&](domain::json_writer& json) {
    const auto sum = domain::summarise(w);
    json.begin_object()
      .member("sets", sum.sets)
      .member("reps", sum.reps)
      .member("volume_kg", static_cast<double>(sum.volume_g) / 1000)
      .member("exercises", sum.exercises);
    if (w.finished_at)
      json.member("duration_ms",
                  static_cast<std::int64_t>((*w.finished_at - w.started_at).count()));
    json.key("records").begin_array();
    for (const auto& instance : w.exercises) {
      const auto* known = s.find_exercise(instance.exercise_id);
      if (!known)
        continue;
      for (const auto& record : known->records)
        for (const auto& set : instance.sets)
          if (!set.deleted && set.set_id == record.set_id)
            write(json, record);
    }
    json.end_array().end_object();
  });
}

/// The first exercise of a workout of which the session knows nothing yet.
std::optional<need> missing_exercise(const user_state& s, const workout& w) {
  for (const auto& instance : w.exercises)
    if (!s.find_exercise(instance.exercise_id))
      return need{load_exercise{s.user_id(), instance.exercise_id}};
  return std::nullopt;
}

/// Finds a workout that may be changed, or says what is missing.
const workout* find_or(const user_state& s, const domain::uuid& id, std::optional<decision>& other,
                       bool deleted = false) {
  if (!s.knows_workout(id)) {
    other = need{load_workout{s.user_id(), id, 0}};
    return nullptr;
  }
  const auto* w = s.find_workout(id);
  if (!w || w->deleted != deleted) {
    other = no_such_workout();
    return nullptr;
  }
  return w;
}

/// Records that may have rested on the sets of `w` are worked out anew.
void rebuild_all_records(unit_builder& unit, const workout& w) {
  std::unordered_set<domain::uuid> done;
  for (const auto& instance : w.exercises)
    if (done.insert(instance.exercise_id).second)
      unit.change(rebuild_records{instance.exercise_id});
}

} // namespace

decision decide_start(const user_state& s, const start_workout& c, domain::instant now) {
  const auto id = c.workout_id.value_or(domain::uuid{});
  if (c.workout_id) {
    if (!s.knows_workout(id))
      return need{load_workout{s.user_id(), id, 0}};
    if (const auto* w = s.find_workout(id)) {
      const bool same = (c.title.empty() || w->title == c.title) && w->notes == c.notes
                        && (!c.started_at || w->started_at == *c.started_at)
                        && (!c.time_zone || w->time_zone == *c.time_zone);
      // After later changes the first body can't be compared any more; the id speaks for itself.
      if (same || w->version != w->first_seq)
        return replay(s, w->version, true, to_json(*w, true));
      return refuse(failure_code::id_reused,
                    "a workout with this id exists and differs; make a new id");
    }
  }
  if (s.live_workouts().size() >= max_live_workouts)
    return refuse(failure_code::conflict,
                  fmt::format("{} workouts are live already; finish one first", max_live_workouts));
  unit_builder unit{s, now};
  workout w;
  w.workout_id = c.workout_id ? id : domain::make_uuid_v7();
  w.title = c.title.empty() ? "Workout" : c.title;
  w.notes = c.notes;
  w.started_at = c.started_at.value_or(now);
  w.time_zone = c.time_zone.value_or(s.who().time_zone);
  auto date = local_date(w.started_at, w.time_zone);
  if (!date)
    return unknown_zone(w.time_zone);
  w.local_date = std::move(*date);
  w.first_seq = w.version = unit.version();
  w.created_at = w.updated_at = now;
  unit.put(w);
  unit.event(event_name::workout_started, w.workout_id, "workout",
             [&w](domain::json_writer& json) { write(json, w, false); });
  return unit.finish(true, to_json(w, true));
}

decision decide_update(const user_state& s, const update_workout& c, const command& cmd,
                       domain::instant now) {
  std::optional<decision> other;
  const auto* old = find_or(s, c.workout_id, other);
  if (!old)
    return std::move(*other);
  if (auto f = check_match(cmd, old->version))
    return std::move(*f);
  unit_builder unit{s, now};
  auto w = *old;
  w.title = c.title.value_or(w.title);
  w.notes = c.notes.value_or(w.notes);
  w.started_at = c.started_at.value_or(w.started_at);
  w.time_zone = c.time_zone.value_or(w.time_zone);
  if (w.finished_at && *w.finished_at < w.started_at)
    return refuse_field("/started_at", "after_the_end",
                        "the workout can't start after it has finished");
  auto date = local_date(w.started_at, w.time_zone);
  if (!date)
    return unknown_zone(w.time_zone);
  w.local_date = std::move(*date);
  w.version = unit.version();
  w.updated_at = now;
  unit.put(w);
  unit.event(event_name::workout_updated, w.workout_id, "workout",
             [&w](domain::json_writer& json) { write(json, w, false); });
  return unit.finish(false, to_json(w, true));
}

decision decide_finish(const user_state& s, const finish_workout& c, const command& cmd,
                       domain::instant now) {
  std::optional<decision> other;
  const auto* old = find_or(s, c.workout_id, other);
  if (!old)
    return std::move(*other);
  if (auto missing = missing_exercise(s, *old))
    return std::move(*missing);
  if (old->state == workout_state::finished)
    return replay(s, old->version, false, finished_body(s, *old));
  if (auto f = check_match(cmd, old->version))
    return std::move(*f);
  auto w = *old;
  w.finished_at = c.finished_at.value_or(now);
  if (*w.finished_at < w.started_at)
    return refuse_field("/finished_at", "before_the_start",
                        "the workout can't finish before it has started");
  unit_builder unit{s, now};
  w.state = workout_state::finished;
  w.version = unit.version();
  w.updated_at = now;
  unit.put(w);
  std::string data;
  domain::json_writer json{data};
  json.begin_object().key("workout");
  write(json, w, false);
  json.key("summary");
  write(json, domain::summarise(w));
  json.end_object();
  unit.raw_event(event_name::workout_finished, w.workout_id, std::move(data));
  return unit.finish(false, finished_body(s, w));
}

decision decide_delete(const user_state& s, const delete_workout& c, const command& cmd,
                       domain::instant now) {
  std::optional<decision> other;
  const auto* old = find_or(s, c.workout_id, other);
  if (!old)
    return std::move(*other);
  if (auto f = check_match(cmd, old->version))
    return std::move(*f);
  unit_builder unit{s, now};
  auto w = *old;
  w.deleted = true;
  w.version = unit.version();
  w.updated_at = now;
  unit.put(w);
  rebuild_all_records(unit, w);
  unit.event(event_name::workout_deleted, w.workout_id, "workout",
             [&w](domain::json_writer& json) { write(json, w, false); });
  return unit.finish(false, {});
}

decision decide_restore(const user_state& s, const restore_workout& c, domain::instant now) {
  if (!s.knows_workout(c.workout_id))
    return need{load_workout{s.user_id(), c.workout_id, 0}};
  const auto* old = s.find_workout(c.workout_id);
  if (!old)
    return no_such_workout();
  if (!old->deleted)
    return replay(s, old->version, false, to_json(*old, true));
  unit_builder unit{s, now};
  auto w = *old;
  w.deleted = false;
  w.version = unit.version();
  w.updated_at = now;
  unit.put(w);
  rebuild_all_records(unit, w);
  unit.event(event_name::workout_restored, w.workout_id, "workout",
             [&w](domain::json_writer& json) { write(json, w, true); });
  return unit.finish(false, to_json(w, true));
}

decision decide_revert(const user_state& s, const revert_workout& c, const loaded_once& once,
                       domain::instant now) {
  std::optional<decision> other;
  const auto* current = find_or(s, c.workout_id, other);
  if (!current)
    return std::move(*other);
  if (c.version < current->first_seq || c.version > current->version)
    return refuse_field(
      "/version", "no_such_version",
      fmt::format("the workout has versions from {} to {}", current->first_seq, current->version));
  if (!once.old_version)
    return need{load_workout{s.user_id(), c.workout_id, c.version}};
  if (!once.old_version->workout)
    return refuse_field("/version", "no_such_version", "the workout had no such version");
  const auto& old = *once.old_version->workout;

  unit_builder unit{s, now};
  const auto version = unit.version();
  auto w = *current;
  w.title = old.title;
  w.notes = old.notes;
  w.state = old.state;
  w.started_at = old.started_at;
  w.finished_at = old.finished_at;
  w.time_zone = old.time_zone;
  w.local_date = old.local_date;
  w.version = version;
  w.updated_at = now;

  std::unordered_map<domain::uuid, domain::set_record> wanted;
  for (const auto& instance : old.exercises)
    for (const auto& set : instance.sets)
      if (!set.deleted)
        wanted.emplace(set.set_id, set);
  const auto put_back = [&](domain::set_record set, bool deleted) {
    set.deleted = deleted;
    set.version = version;
    set.updated_at = now;
    unit.change(change_set{std::move(set)});
  };
  for (auto& instance : w.exercises)
    for (auto& set : instance.sets) {
      const auto it = wanted.find(set.set_id);
      if (it == wanted.end()) {
        if (!set.deleted)
          put_back(set, true);
        set.deleted = true;
        continue;
      }
      auto before = it->second;
      wanted.erase(it);
      before.version = set.version;
      before.created_at = set.created_at;
      before.updated_at = set.updated_at;
      if (before == set)
        continue;
      set = before;
      put_back(set, false);
      set.version = version;
      set.updated_at = now;
    }
  // What is left was deleted since and is not in memory: its instance comes back with it.
  for (const auto& instance : old.exercises) {
    auto it = std::find_if(w.exercises.begin(), w.exercises.end(), [&instance](const auto& i) {
      return i.instance_id == instance.instance_id;
    });
    for (const auto& set : instance.sets) {
      if (!wanted.contains(set.set_id))
        continue;
      if (it == w.exercises.end()) {
        auto back = instance;
        back.sets.clear();
        back.version = version;
        unit.change(put_instance{back, false});
        w.exercises.push_back(std::move(back));
        it = std::prev(w.exercises.end());
      }
      put_back(set, false);
      it->sets.push_back(set);
      it->sets.back().version = version;
    }
  }
  unit.put(w);
  rebuild_all_records(unit, w);
  unit.event(event_name::workout_updated, w.workout_id, "workout",
             [&w](domain::json_writer& json) { write(json, w, true); });
  return unit.finish(false, to_json(w, true));
}

} // namespace spotter::actors
