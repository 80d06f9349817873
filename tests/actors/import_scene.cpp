#include "tests/actors/import_scene.hpp"

#include "actors/messages/all.hpp"

#include <caf/actor_cast.hpp>

#include <algorithm>

namespace spotter::tests {

using namespace messages;

void import_scene::queue(std::string content) {
  file = {true, "", "Europe/Berlin", shared_text{std::move(content)}};
  state.emplace();
  state->import_id = domain::make_uuid_v7();
  state->status = "queued";
  log.clear();
}

std::size_t import_scene::logged(const std::string& code) const {
  return static_cast<std::size_t>(std::count_if(
    log.begin(), log.end(), [&code](const import_log_line& line) { return line.code == code; }));
}

command_reply import_scene::store(const import_workouts& report) {
  if (before)
    if (auto refused = before(report))
      return {std::move(*refused)};
  failure said;
  if (state->status == "cancelled") {
    said.code = failure_code::conflict;
    return {said};
  }
  for (const auto& exercise : report.exercises) {
    if (own.emplace(exercise.exercise_id, exercise).second)
      names.push_back({exercise.exercise_id, true, exercise.name, exercise.equipment, {}});
  }
  state = report.state;
  for (const auto& w : report.workouts) {
    auto [known, created] = stored.try_emplace(w.source->external_id);
    auto& counts = state->counts;
    ++(created                                   ? counts.created
       : known->second == w.source->payload_hash ? counts.unchanged
                                                 : counts.updated);
    known->second = w.source->payload_hash;
  }
  log.insert(log.end(), report.log.begin(), report.log.end());
  reports.push_back(report);
  ++state->version;
  if (cancel_after_this)
    state->status = "cancelled";
  if (lose_answers > 0) {
    --lose_answers;
    said.code = failure_code::outcome_unknown;
    return {said};
  }
  outcome done;
  done.version = state->version;
  done.counts = state->counts;
  return {done};
}

reader_actor::behavior_type scene_reader(reader_actor::pointer, import_scene* scene) {
  const auto never = caf::make_error(caf::sec::unsupported_operation);
  return {
    [never](const read&) -> caf::result<read_reply> { return never; },
    [never](const load_session&) -> caf::result<session_image> { return never; },
    [never](const load_workout&) -> caf::result<workout_image> { return never; },
    [never](const load_exercise&) -> caf::result<exercise_image> { return never; },
    [never](const load_events&) -> caf::result<event_range> { return never; },
    [never](const load_epoch&) -> caf::result<event_epoch> { return never; },
    [never](const load_sources&) -> caf::result<source_matches> { return never; },
    [never](const load_answer&) -> caf::result<answer_image> { return never; },
    [never, scene](const load_import&) -> caf::result<import_image> {
      if (!scene->reader_answers)
        return never;
      return import_image{scene->state, {}, {}, {}};
    },
    [never](const load_exercise_history&) -> caf::result<exercise_history> { return never; },
    [scene](const load_exercise_names&) { return exercise_names{scene->names}; },
    [scene](const load_import_file&) { return scene->file; },
    [never](const get_health&) -> caf::result<health> { return never; },
  };
}

session_actor::behavior_type scene_session(session_actor::pointer, import_scene* scene) {
  const auto never = caf::make_error(caf::sec::unsupported_operation);
  return {
    [scene](const command& ask) { return scene->store(std::get<import_workouts>(ask.body)); },
    [never](const read&) -> caf::result<read_reply> { return never; },
    [never](const subscribe&) -> caf::result<subscribe_reply> { return never; },
    [](const unsubscribe&) {},
    [](const stored&) {},
    [](passivate) {},
    [](retire) {},
  };
}

shard_actor::behavior_type scene_shard(shard_actor::pointer, import_scene* scene,
                                       session_actor session) {
  return {
    [scene, session](const get_session&) {
      ++scene->sessions_asked;
      return session_found{caf::actor_cast<caf::actor>(session)};
    },
    [](const session_closing&) {},
    [](retire) { return retired{}; },
  };
}

} // namespace spotter::tests
