#include "persistence/row_batch.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace spotter::persistence {

using namespace messages;

namespace {

pqxx::bytes_view as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

std::optional<domain::instant> deleted_at(bool deleted, domain::instant at) {
  return deleted ? std::optional{at} : std::nullopt;
}

/// Within one table of one user.
using row_keys = std::vector<std::pair<domain::uuid, int>>;

bool all_differ(row_keys& keys) {
  std::sort(keys.begin(), keys.end());
  return std::adjacent_find(keys.begin(), keys.end()) == keys.end();
}

/// Calls `f` with each array, in the order of the function's parameters.
template <class F, class... Arrays>
void each(F&& f, Arrays&... arrays) {
  (f(arrays), ...);
}

} // namespace

// One statement can't overwrite a row twice, so a unit that might goes another way.
bool row_batch::takes(const store_unit& unit) {
  row_keys workouts;
  row_keys instances;
  row_keys records;
  for (const auto& c : unit.changes) {
    if (const auto* workout = std::get_if<put_workout>(&c)) {
      if (workout->workout.source)
        return false;
      workouts.emplace_back(workout->workout.workout_id, 0);
    } else if (const auto* instance = std::get_if<put_instance>(&c)) {
      instances.emplace_back(instance->instance.instance_id, 0);
    } else if (const auto* record = std::get_if<put_record>(&c)) {
      records.emplace_back(record->record.exercise_id, static_cast<int>(record->record.kind));
    } else if (!std::holds_alternative<add_set>(c)) {
      return false;
    }
  }
  return all_differ(workouts) && all_differ(instances) && all_differ(records);
}

void row_batch::add(const store_unit& unit) {
  for (const auto& c : unit.changes) {
    if (const auto* workout = std::get_if<put_workout>(&c))
      add(unit, *workout);
    else if (const auto* instance = std::get_if<put_instance>(&c))
      add(unit, *instance);
    else if (const auto* record = std::get_if<put_record>(&c))
      add(unit, *record);
  }
  for (const auto& answer : unit.answers)
    add(unit, answer);
}

void row_batch::add(const store_unit& unit, const put_workout& c) {
  const auto& w = c.workout;
  workout_user_.add(unit.user_id);
  workout_id_.add(w.workout_id);
  workout_title_.add(w.title);
  workout_state_.add(static_cast<std::int16_t>(w.state));
  workout_started_.add(w.started_at);
  workout_finished_.add(w.finished_at);
  workout_zone_.add(w.time_zone);
  workout_date_.add(w.local_date);
  workout_notes_.add(w.notes);
  workout_first_seq_.add(w.first_seq);
  workout_version_.add(w.version);
  workout_created_.add(w.created_at);
  workout_updated_.add(w.updated_at);
  workout_deleted_.add(deleted_at(w.deleted, w.updated_at));
  const auto sum = [&c](auto member) {
    return c.summary ? std::optional{(*c.summary).*member} : std::nullopt;
  };
  workout_sets_.add(sum(&domain::workout_summary::sets));
  workout_reps_.add(sum(&domain::workout_summary::reps));
  workout_volume_.add(sum(&domain::workout_summary::volume_g));
  workout_exercises_.add(sum(&domain::workout_summary::exercises));
}

void row_batch::add(const store_unit& unit, const put_instance& c) {
  const auto& i = c.instance;
  const auto at = unit.events.front().at;
  instance_user_.add(unit.user_id);
  instance_id_.add(i.instance_id);
  instance_workout_.add(i.workout_id);
  instance_exercise_.add(i.own_exercise ? std::nullopt : std::optional{i.exercise_id});
  instance_own_.add(i.own_exercise ? std::optional{i.exercise_id} : std::nullopt);
  instance_position_.add(i.position);
  instance_superset_.add(i.superset);
  instance_notes_.add(i.notes);
  instance_version_.add(i.version);
  instance_at_.add(at);
  instance_deleted_.add(deleted_at(c.deleted, at));
}

void row_batch::add(const store_unit& unit, const put_record& c) {
  const auto& r = c.record;
  record_user_.add(unit.user_id);
  record_exercise_.add(r.exercise_id);
  record_kind_.add(static_cast<std::int16_t>(r.kind));
  record_value_.add(r.value);
  record_set_.add(r.set_id);
  record_achieved_.add(r.achieved_at);
}

void row_batch::add(const store_unit& unit, const remembered_answer& a) {
  answer_user_.add(unit.user_id);
  answer_key_.add(a.key);
  answer_fingerprint_.add(a.fingerprint);
  answer_created_.add(a.created);
  answer_version_.add(a.version);
  answer_epoch_.add(a.at.epoch);
  answer_seq_.add(a.at.seq);
  answer_body_.add(a.body.view());
}

bool row_batch::empty() const noexcept {
  return workout_user_.size() == 0 && instance_user_.size() == 0 && record_user_.size() == 0
         && answer_user_.size() == 0;
}

#define SPOTTER_ROW_ARRAYS                                                                         \
  workout_user_, workout_id_, workout_title_, workout_state_, workout_started_, workout_finished_, \
    workout_zone_, workout_date_, workout_notes_, workout_first_seq_, workout_version_,            \
    workout_created_, workout_updated_, workout_deleted_, workout_sets_, workout_reps_,            \
    workout_volume_, workout_exercises_, instance_user_, instance_id_, instance_workout_,          \
    instance_exercise_, instance_own_, instance_position_, instance_superset_, instance_notes_,    \
    instance_version_, instance_at_, instance_deleted_, record_user_, record_exercise_,            \
    record_kind_, record_value_, record_set_, record_achieved_, answer_user_, answer_key_,         \
    answer_fingerprint_, answer_created_, answer_version_, answer_epoch_, answer_seq_,             \
    answer_body_

void row_batch::clear() {
  if (!empty())
    each([](auto& array) { array.clear(); }, SPOTTER_ROW_ARRAYS);
}

void row_batch::append_to(pqxx::params& out) {
  each([&out](auto& array) { out.append(as_bytes(array.bytes())); }, SPOTTER_ROW_ARRAYS);
}

#undef SPOTTER_ROW_ARRAYS

} // namespace spotter::persistence
