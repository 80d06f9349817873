#include "actors/session/user_state.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace spotter::actors {

using namespace messages;

namespace {

/// Workouts that are not live are kept for the next change, but not many.
constexpr std::size_t max_idle_workouts = 4;
constexpr std::size_t max_exercises = 1024;
constexpr std::size_t max_answers = 1000;

} // namespace

user_state::user_state(const session_image& image, std::int64_t epoch)
  : who_(image.who), epoch_(epoch), head_seq_(image.head_seq), head_epoch_(image.head_epoch),
    answers_complete_(image.answers_complete) {
  workouts_.reserve(image.live.size());
  for (const auto& w : image.live)
    workouts_.push_back({w.workout_id, w, ++clock_});
  for (const auto& answer : image.answers)
    answers_.emplace(answer.key, answer);
}

user_state user_state::ahead() const {
  user_state out;
  out.base_ = this;
  out.epoch_ = epoch_;
  out.head_seq_ = head_seq_;
  out.head_epoch_ = head_epoch_;
  out.answers_complete_ = false;
  return out;
}

// Only what touches single rows of workouts and records: the rest would have to reach into the base.
bool user_state::can_go_ahead(const change& c) noexcept {
  return std::holds_alternative<put_workout>(c) || std::holds_alternative<put_instance>(c)
         || std::holds_alternative<add_set>(c) || std::holds_alternative<put_record>(c);
}

const user_state::cached_workout* user_state::find_own(const domain::uuid& id) const noexcept {
  const auto it = std::find_if(workouts_.begin(), workouts_.end(),
                               [&id](const cached_workout& c) { return c.workout_id == id; });
  return it == workouts_.end() ? nullptr : &*it;
}

user_state::cached_workout* user_state::find_own(const domain::uuid& id) noexcept {
  return const_cast<cached_workout*>(std::as_const(*this).find_own(id));
}

const user_state::cached_workout* user_state::find_cached(const domain::uuid& id) const noexcept {
  if (const auto* own = find_own(id))
    return own;
  return base_ ? base_->find_cached(id) : nullptr;
}

const domain::workout* user_state::find_workout(const domain::uuid& id) const noexcept {
  const auto* cached = find_cached(id);
  return cached && cached->workout ? &*cached->workout : nullptr;
}

bool user_state::knows_workout(const domain::uuid& id) const noexcept {
  return find_cached(id) != nullptr;
}

std::vector<const domain::workout*> user_state::live_workouts() const {
  std::vector<const domain::workout*> out;
  const auto add = [this, &out](const cached_workout& cached) {
    const auto* w = find_workout(cached.workout_id);
    if (w && !w->deleted && w->state == domain::workout_state::live)
      out.push_back(w);
  };
  for (const auto& cached : workouts_)
    add(cached);
  if (base_)
    for (const auto& cached : base_->workouts_)
      if (!find_own(cached.workout_id))
        add(cached);
  std::sort(out.begin(), out.end(), [](const auto* a, const auto* b) {
    return std::tie(a->started_at, a->workout_id) < std::tie(b->started_at, b->workout_id);
  });
  return out;
}

const user_state::exercise_knowledge* user_state::find_exercise(
  const domain::uuid& id) const noexcept {
  const auto it = exercises_.find(id);
  if (it != exercises_.end())
    return &it->second;
  return base_ ? base_->find_exercise(id) : nullptr;
}

const remembered_answer* user_state::find_answer(const std::string& key) const noexcept {
  const auto it = answers_.find(key);
  if (it != answers_.end())
    return &it->second;
  return base_ ? base_->find_answer(key) : nullptr;
}

bool user_state::knows_answer(const std::string& key) const noexcept {
  return answers_complete_ || answers_.contains(key)
         || std::find(absent_answers_.begin(), absent_answers_.end(), key) != absent_answers_.end()
         || (base_ && base_->knows_answer(key));
}

void user_state::learn(const domain::uuid& workout_id, std::optional<domain::workout> loaded) {
  if (auto* cached = find_own(workout_id)) {
    cached->workout = std::move(loaded);
    cached->last_used = ++clock_;
    return;
  }
  workouts_.push_back({workout_id, std::move(loaded), ++clock_});
  trim_workouts();
}

void user_state::learn(const domain::uuid& exercise_id, exercise_knowledge loaded) {
  if (exercises_.size() >= max_exercises)
    exercises_.clear();
  exercises_[exercise_id] = std::move(loaded);
}

void user_state::learn(const std::string& key, std::optional<remembered_answer> loaded) {
  if (loaded)
    answers_[key] = std::move(*loaded);
  else
    absent_answers_.push_back(key);
}

/// Forgets the workouts that were not used for longest, but never a live one nor the newest.
void user_state::trim_workouts() {
  const auto idle = [](const cached_workout& c) {
    return !c.workout || c.workout->deleted || c.workout->state != domain::workout_state::live;
  };
  while (static_cast<std::size_t>(std::count_if(workouts_.begin(), workouts_.end(), idle))
         > max_idle_workouts) {
    auto oldest = workouts_.end();
    for (auto it = workouts_.begin(); it != workouts_.end(); ++it)
      if (idle(*it) && (oldest == workouts_.end() || it->last_used < oldest->last_used))
        oldest = it;
    workouts_.erase(oldest);
  }
}

void user_state::apply(const store_unit& unit) {
  for (const auto& c : unit.changes)
    std::visit([this](const auto& x) { apply_change(x); }, c);
  head_seq_ = unit.events.back().at_position.seq;
  head_epoch_ = unit.events.back().at_position.epoch;
  absent_answers_.clear();
  for (const auto& answer : unit.answers) {
    if (answers_.size() >= max_answers) {
      // Forgetting is safe: the database is asked for what memory does not know.
      answers_.clear();
      answers_complete_ = false;
    }
    answers_[answer.key] = answer;
  }
  // What is ahead must forget nothing: the base would show through.
  if (!base_)
    trim_workouts();
}

domain::workout& user_state::workout_for(const domain::uuid& id) {
  auto* cached = find_own(id);
  if (!cached) {
    const auto* below = base_ ? base_->find_workout(id) : nullptr;
    workouts_.push_back({id, below ? *below : domain::workout{}, 0});
    cached = &workouts_.back();
  }
  if (!cached->workout)
    cached->workout.emplace();
  cached->last_used = ++clock_;
  return *cached->workout;
}

void user_state::apply_change(const put_workout& c) {
  auto& w = workout_for(c.workout.workout_id);
  auto exercises = std::move(w.exercises);
  w = c.workout;
  w.exercises = std::move(exercises);
}

void user_state::apply_change(const put_instance& c) {
  auto& w = workout_for(c.instance.workout_id);
  w.version = std::max(w.version, c.instance.version);
  const auto it = std::find_if(w.exercises.begin(), w.exercises.end(), [&c](const auto& i) {
    return i.instance_id == c.instance.instance_id;
  });
  if (c.deleted) {
    if (it != w.exercises.end())
      w.exercises.erase(it);
    return;
  }
  if (it == w.exercises.end()) {
    w.exercises.push_back(c.instance);
    w.exercises.back().sets.clear();
  } else {
    auto sets = std::move(it->sets);
    *it = c.instance;
    it->sets = std::move(sets);
  }
  std::stable_sort(w.exercises.begin(), w.exercises.end(),
                   [](const auto& a, const auto& b) { return a.position < b.position; });
}

void user_state::apply_change(const add_set& c) {
  auto& w = workout_for(c.set.workout_id);
  w.version = std::max(w.version, c.set.version);
  for (auto& instance : w.exercises)
    if (instance.instance_id == c.set.exercise_instance_id) {
      instance.sets.push_back(c.set);
      return;
    }
}

void user_state::apply_change(const change_set& c) {
  auto& w = workout_for(c.set.workout_id);
  w.version = std::max(w.version, c.set.version);
  for (auto& instance : w.exercises) {
    if (instance.instance_id != c.set.exercise_instance_id)
      continue;
    for (auto& set : instance.sets)
      if (set.set_id == c.set.set_id) {
        set = c.set;
        return;
      }
    instance.sets.push_back(c.set);
  }
}

void user_state::apply_change(const clear_workout& c) {
  // Rare: the whole is loaded again when it is needed.
  std::erase_if(workouts_, [&c](const auto& w) { return w.workout_id == c.workout_id; });
}

void user_state::apply_change(const put_record& c) {
  auto it = exercises_.find(c.record.exercise_id);
  if (it == exercises_.end()) {
    const auto* below = base_ ? base_->find_exercise(c.record.exercise_id) : nullptr;
    if (!below)
      return;
    it = exercises_.emplace(c.record.exercise_id, *below).first;
  }
  for (auto& known : it->second.records)
    if (known.kind == c.record.kind) {
      known = c.record;
      return;
    }
  it->second.records.push_back(c.record);
}

void user_state::apply_change(const rebuild_records& c) {
  exercises_.erase(c.exercise_id);
}

void user_state::apply_change(const put_exercise& c) {
  auto& known = exercises_[c.exercise.exercise_id];
  known.found = !c.exercise.deleted;
  known.own = true;
  known.exercise = c.exercise;
}

void user_state::apply_change(const put_profile& c) {
  who_ = c.value;
}

} // namespace spotter::actors
