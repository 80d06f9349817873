#include "actors/imports/import_plan.hpp"

#include "actors/imports/payload_hash.hpp"
#include "domain/named_uuid.hpp"

#include <algorithm>
#include <set>
#include <unordered_map>

namespace spotter::actors {

namespace {

constexpr std::size_t longest_name = 200;        // bytes; what an index row can surely hold
constexpr std::size_t longest_external_id = 200; // likewise

/// Cut to at most `most` bytes, between two characters.
std::string clip(std::string text, std::size_t most) {
  if (text.size() <= most)
    return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0) == 0x80)
    --most;
  text.resize(most);
  return text;
}

std::string numbered(std::string_view what, std::size_t a) {
  return std::string{what} + '\n' + std::to_string(a);
}

std::size_t count_sets(const domain::parsed_workout& w) {
  std::size_t sets = 0;
  for (const auto& exercise : w.exercises)
    sets += exercise.sets.size();
  return sets;
}

domain::effort to_effort(const domain::parsed_set& set) {
  domain::effort result;
  result.reps = set.reps;
  if (set.weight) // a unit is missing at most where the weight is zero, and then it is all the same
    result.weight =
      domain::weight{set.weight->value, set.weight->unit.value_or(domain::weight_unit::kg)};
  result.rpe = set.rpe;
  result.distance_m = set.distance_m;
  result.duration_ms = set.duration_ms;
  result.rest_ms = set.rest_ms;
  return result;
}

messages::import_log_line to_line(const domain::row_note& note) {
  return {static_cast<std::int32_t>(note.line), std::string{to_string(note.severity)}, note.code,
          note.message};
}

} // namespace

import_plan::import_plan(domain::uuid user_id, domain::workout_file file, zone_clock zone,
                         const std::vector<messages::exercise_name>& names, import_limits limits)
  : user_id_(user_id), file_(std::move(file)), zone_(std::move(zone)), limits_(limits) {
  match_exercises(names);
  name_workouts();
}

void import_plan::match_exercises(const std::vector<messages::exercise_name>& names) {
  std::vector<domain::match_entry> entries;
  std::set<domain::uuid> own;
  entries.reserve(names.size());
  for (const auto& known : names) {
    entries.push_back({known.exercise_id, known.name, known.equipment, known.aliases, known.own});
    if (known.own)
      own.insert(known.exercise_id);
  }
  const domain::exercise_index index{entries};
  for (std::size_t i = 0; i < file_.workouts.size(); ++i) {
    for (const auto& exercise : file_.workouts[i].exercises) {
      auto [entry, fresh] = targets_.try_emplace(exercise.name);
      if (!fresh)
        continue;
      auto& target = entry->second;
      target.name = clip(exercise.name, longest_name);
      target.first_workout = i;
      target.line = exercise.line;
      if (const auto known = index.find(exercise.name)) {
        target.exercise_id = *known;
        target.own = own.contains(*known);
        continue;
      }
      auto form = domain::exercise_normal_form(exercise.name);
      if (const auto at = form.rfind('@'); at != std::string::npos)
        target.equipment = form.substr(at + 1);
      if (form.empty())
        form = exercise.name;
      target.exercise_id = domain::named_uuid(user_id_, "exercise\n" + form);
      target.own = true;
      // An own exercise that was deleted is not among the names; the session knows what to do.
      target.is_new = !own.contains(target.exercise_id);
    }
  }
}

void import_plan::name_workouts() {
  std::unordered_map<std::string, int> times;
  external_ids_.reserve(file_.workouts.size());
  for (const auto& w : file_.workouts) {
    auto id = domain::external_id(w);
    if (id.size() > longest_external_id) // the day and time stay readable
      id = clip(id, 64) + '#' + payload_hash_of(id);
    // Two at the same time with the same title: told apart by their order in the file.
    if (const auto n = ++times[id]; n > 1)
      id += '#' + std::to_string(n);
    external_ids_.push_back(std::move(id));
  }
}

workout_range import_plan::chunk_at(std::size_t first) const {
  workout_range range{first, first};
  std::size_t sets = 0;
  std::set<domain::uuid> exercises;
  while (range.last < size() && range.size() < limits_.chunk_workouts) {
    const auto& w = file_.workouts[range.last];
    sets += count_sets(w);
    for (const auto& exercise : w.exercises)
      if (const auto& target = targets_.at(exercise.name); target.is_new)
        exercises.insert(target.exercise_id);
    const bool full = sets > limits_.chunk_sets || exercises.size() > limits_.chunk_exercises;
    if (full && range.size() > 0)
      break;
    ++range.last;
  }
  return range;
}

std::string import_plan::refusal(const domain::parsed_workout& w) const {
  if (count_sets(w) > limits_.sets_per_workout)
    return "it has more than " + std::to_string(limits_.sets_per_workout) + " sets";
  if (w.exercises.size() > limits_.exercises_per_workout)
    return "it has more than " + std::to_string(limits_.exercises_per_workout) + " exercises";
  return {};
}

import_chunk import_plan::build(workout_range range) const {
  import_chunk chunk;
  add_notes(range, chunk.log);
  std::set<domain::uuid> brought;
  for (auto i = range.first; i < range.last; ++i) {
    const auto& w = file_.workouts[i];
    if (const auto why = refusal(w); !why.empty()) {
      ++chunk.failed;
      chunk.log.push_back(
        about(i, "error", "workout_too_large", "The workout was left out: " + why + "."));
      continue;
    }
    for (const auto& exercise : w.exercises) {
      const auto& target = targets_.at(exercise.name);
      if (!target.is_new || !brought.insert(target.exercise_id).second)
        continue;
      messages::own_exercise made;
      made.exercise_id = target.exercise_id;
      made.name = target.name;
      made.equipment = target.equipment.empty() ? "other" : target.equipment;
      chunk.exercises.push_back(std::move(made));
      if (target.first_workout == i)
        chunk.log.push_back(
          {static_cast<std::int32_t>(target.line), "info", "exercise_created",
           "\"" + target.name + "\" matches no exercise that is known; it became your own."});
    }
    chunk.workouts.push_back(convert(i, chunk.log));
  }
  return chunk;
}

messages::import_log_line import_plan::about(std::size_t workout, std::string severity,
                                             std::string code, std::string message) const {
  return {static_cast<std::int32_t>(file_.workouts[workout].line), std::move(severity),
          std::move(code), std::move(message)};
}

domain::workout import_plan::convert(std::size_t index,
                                     std::vector<messages::import_log_line>& log) const {
  const auto& from = file_.workouts[index];
  const auto start = zone_.resolve(from.start);
  if (start.fit == clock_fit::ambiguous)
    log.push_back(about(index, "info", "time_ambiguous",
                        "The clocks went back, so the start happened twice in " + zone_.name()
                          + "; the earlier was taken."));
  if (start.fit == clock_fit::nonexistent)
    log.push_back(about(index, "warning", "time_skipped",
                        "The clocks went forward over the start in " + zone_.name()
                          + "; it was taken as if they had not."));
  domain::workout to;
  to.workout_id =
    domain::named_uuid(user_id_, "workout\n" + provider() + '\n' + external_ids_[index]);
  to.title = from.title;
  to.notes = from.notes;
  to.state = domain::workout_state::finished;
  to.started_at = start.at;
  // An end is read off the wall; where the clocks changed it may come out before the start.
  const domain::instant end =
    from.end ? zone_.resolve(*from.end).at
             : start.at + std::chrono::milliseconds{from.duration_ms.value_or(0)};
  to.finished_at = std::max(start.at, end);
  to.time_zone = zone_.name();
  to.local_date = date_of(from.start);
  to.source = domain::source_ref{provider(), external_ids_[index], {}};
  for (std::size_t i = 0; i < from.exercises.size(); ++i) {
    const auto& exercise = from.exercises[i];
    const auto& target = targets_.at(exercise.name);
    auto& instance = to.exercises.emplace_back();
    instance.instance_id = domain::named_uuid(to.workout_id, numbered("instance", i));
    instance.workout_id = to.workout_id;
    instance.exercise_id = target.exercise_id;
    instance.own_exercise = target.own;
    instance.position = static_cast<std::int32_t>(i);
    instance.superset = exercise.superset;
    instance.notes = exercise.notes;
    for (std::size_t j = 0; j < exercise.sets.size(); ++j) {
      auto& set = instance.sets.emplace_back();
      set.set_id = domain::named_uuid(instance.instance_id, numbered("set", j));
      set.workout_id = to.workout_id;
      set.exercise_instance_id = instance.instance_id;
      set.position = static_cast<std::int32_t>(j);
      set.kind = exercise.sets[j].kind;
      set.actual = to_effort(exercise.sets[j]);
      set.completed_at = to.started_at; // no file says when a set was done
    }
  }
  to.source->payload_hash = payload_hash(to, from);
  return to;
}

void import_plan::add_notes(workout_range range,
                            std::vector<messages::import_log_line>& log) const {
  if (range.size() == 0)
    return;
  const auto from = range.first == 0 ? 0 : file_.workouts[range.first].line;
  const bool to_end = range.last == size();
  const auto to = to_end ? 0 : file_.workouts[range.last].line;
  for (const auto& note : file_.notes)
    if (note.line >= from && (to_end || note.line < to))
      log.push_back(to_line(note));
}

} // namespace spotter::actors
