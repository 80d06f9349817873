#include "actors/messages/resource_json.hpp"
#include "actors/session/local_date.hpp"
#include "actors/session/unit_builder.hpp"

#include <algorithm>
#include <unordered_set>

// The rules of imports: what a file brings in is stored under its source, once.

namespace spotter::actors {

using namespace messages;

namespace {

std::string import_json(const import_state& state) {
  std::string body;
  domain::json_writer json{body};
  messages::write(json, state);
  return body;
}

event_name event_for(const std::string& status) {
  if (status == "finished")
    return event_name::import_finished;
  if (status == "failed")
    return event_name::import_failed;
  return event_name::import_progress;
}

/// Adds the import's event, with its version, and the row that goes with it.
decided finish_with(unit_builder& unit, import_state state, std::vector<import_log_line> log,
                    bool requeue, domain::instant now) {
  state.version = unit.next_version();
  state.updated_at = now;
  auto body = import_json(state);
  unit.event(event_for(state.status), domain::uuid{}, "import",
             [&body](domain::json_writer& json) { json.raw(body); });
  const auto version = state.version;
  const auto counts = state.counts;
  unit.change(put_import{std::move(state), std::move(log), requeue});
  auto result = unit.finish(false, std::move(body));
  result.answer.version = version;
  result.answer.counts = counts;
  return result;
}

/// Numbers a parsed workout and all in it with its event, and adds its rows. `known` is the stored
/// one that it replaces, if there is one.
void add_workout(unit_builder& unit, domain::workout w, const source_match* known,
                 domain::instant now) {
  const auto version = unit.next_version();
  if (known)
    w.workout_id = known->workout_id;
  w.version = version;
  w.first_seq = known ? known->first_seq : version;
  w.state = domain::workout_state::finished;
  w.created_at = known ? known->created_at : now;
  w.updated_at = now;
  w.deleted = false;
  for (auto& instance : w.exercises) {
    instance.workout_id = w.workout_id;
    instance.version = version;
    for (auto& set : instance.sets) {
      set.workout_id = w.workout_id;
      set.exercise_instance_id = instance.instance_id;
      set.version = version;
      set.created_at = set.updated_at = now;
    }
  }
  unit.event(known ? event_name::workout_updated : event_name::workout_finished, w.workout_id,
             "workout", [&w](domain::json_writer& json) { write(json, w, true); });
  if (known)
    unit.change(clear_workout{w.workout_id, version, now});
  unit.put(w);
  for (auto& instance : w.exercises) {
    auto sets = std::move(instance.sets);
    unit.change(put_instance{std::move(instance), false});
    for (auto& set : sets) {
      if (known)
        unit.change(change_set{std::move(set)});
      else
        unit.change(add_set{std::move(set)});
    }
  }
}

} // namespace

decision decide_create_import(const user_state& s, const create_import& c, const loaded_once& once,
                              domain::instant now) {
  if (c.import_id) {
    if (!once.import)
      return need{load_import{s.user_id(), *c.import_id}};
    if (const auto& state = once.import->state) {
      const auto& first = *once.import;
      const bool same_zone = c.time_zone.empty() || c.time_zone == first.time_zone;
      if (c.content_hash == first.content_hash && c.unit == first.unit && same_zone)
        return replay(s, state->version, true, import_json(*state));
      return refuse(failure_code::id_reused,
                    "an import with this id exists, of another file or with other answers; make a "
                    "new id");
    }
  }
  const auto zone = c.time_zone.empty() ? s.who().time_zone : c.time_zone;
  if (!local_date(now, zone))
    return refuse_field("/time_zone", "unknown_time_zone",
                        "'" + zone + "' is not an IANA time zone, such as Europe/Berlin");
  unit_builder unit{s, now};
  import_state state;
  state.import_id = c.import_id.value_or(domain::make_uuid_v7());
  state.file_name = c.file_name;
  state.status = "queued";
  state.version = unit.version();
  state.created_at = state.updated_at = now;
  auto body = import_json(state);
  unit.event(event_name::import_progress, domain::uuid{}, "import",
             [&body](domain::json_writer& json) { json.raw(body); });
  unit.change(add_import{std::move(state), c.content_hash, c.unit, zone, c.content});
  return unit.finish(true, std::move(body));
}

decision decide_import(const user_state& s, const import_workouts& c, const loaded_once& once,
                       domain::instant now) {
  if (!once.import)
    return need{load_import{s.user_id(), c.state.import_id}};
  if (!once.import->state)
    return refuse(failure_code::not_found, "there is no such import");
  if (once.import->state->status == "cancelled")
    return refuse(failure_code::conflict, "the import was cancelled");
  if (!c.workouts.empty() && !once.sources) {
    load_sources ask{s.user_id(), c.state.provider, {}};
    for (const auto& w : c.workouts)
      if (w.source)
        ask.external_ids.push_back(w.source->external_id);
    return need{std::move(ask)};
  }
  for (const auto& e : c.exercises)
    if (!s.find_exercise(e.exercise_id))
      return need{load_exercise{s.user_id(), e.exercise_id}};

  unit_builder unit{s, now};
  for (auto e : c.exercises) {
    if (s.find_exercise(e.exercise_id)->exercise)
      continue; // an earlier chunk or import made it
    e.version = unit.next_version();
    e.created_at = e.updated_at = now;
    unit.event(event_name::exercise_created, domain::uuid{}, "exercise",
               [&e](domain::json_writer& json) { messages::write(json, e); });
    unit.change(put_exercise{std::move(e)});
  }
  auto state = c.state;
  state.created_at = once.import->state->created_at;
  std::unordered_set<domain::uuid> trained;
  for (const auto& w : c.workouts) {
    if (!w.source) {
      ++state.counts.failed;
      continue;
    }
    const auto& matches = once.sources->matches;
    const auto match = std::find_if(matches.begin(), matches.end(), [&w](const source_match& m) {
      return m.external_id == w.source->external_id;
    });
    const bool known = match != matches.end();
    // What its owner deleted stays deleted, even if the file has it otherwise now.
    if (known && (match->deleted || match->payload_hash == w.source->payload_hash)) {
      ++state.counts.unchanged;
      continue;
    }
    ++(known ? state.counts.updated : state.counts.created);
    for (const auto& instance : w.exercises)
      trained.insert(instance.exercise_id);
    add_workout(unit, w, known ? &*match : nullptr, now);
  }
  for (const auto& exercise_id : trained)
    unit.change(rebuild_records{exercise_id});
  return finish_with(unit, std::move(state), c.log, false, now);
}

decision decide_steer(const user_state& s, const steer_import& c, const loaded_once& once,
                      domain::instant now) {
  if (!once.import)
    return need{load_import{s.user_id(), c.import_id}};
  if (!once.import->state)
    return refuse(failure_code::not_found, "there is no such import");
  auto state = *once.import->state;
  const bool ended =
    state.status == "finished" || state.status == "failed" || state.status == "cancelled";
  unit_builder unit{s, now};
  if (c.action == "cancel") {
    if (state.status == "cancelled")
      return replay(s, state.version, false, import_json(state));
    if (ended)
      return refuse(failure_code::conflict, "the import has ended already");
    state.status = "cancelled";
    return finish_with(unit, std::move(state), {}, false, now);
  }
  if (state.status == "queued" || state.status == "running")
    return replay(s, state.version, false, import_json(state));
  if (state.status == "finished")
    return refuse(failure_code::conflict, "the import has finished; there is nothing to retry");
  state.status = "queued";
  state.problem_code.clear();
  state.problem_detail.clear();
  return finish_with(unit, std::move(state), {}, true, now);
}

} // namespace spotter::actors
