#include "actors/session/unit_merge.hpp"

#include <algorithm>
#include <iterator>

namespace spotter::actors {

using namespace messages;

namespace {

bool is_simple(const store_unit& unit) noexcept {
  return std::all_of(unit.changes.begin(), unit.changes.end(), user_state::can_go_ahead);
}

bool same_row(const put_instance& a, const put_instance& b) noexcept {
  return a.instance.instance_id == b.instance.instance_id;
}

bool same_row(const put_record& a, const put_record& b) noexcept {
  return a.record.exercise_id == b.record.exercise_id && a.record.kind == b.record.kind;
}

/// Overwrites the change of the row that `c` is for, if there is one.
template <class Change>
bool replace(std::vector<change>& changes, Change& c) {
  for (auto& earlier : changes)
    if (auto* same = std::get_if<Change>(&earlier); same && same_row(*same, c)) {
      *same = std::move(c);
      return true;
    }
  return false;
}

} // namespace

unit_merge::unit_merge(const user_state& committed, store_unit first)
  : committed_(committed), unit_(std::move(first)), open_(is_simple(unit_)) {}

const user_state& unit_merge::state() {
  if (!ahead_) {
    ahead_.emplace(committed_.ahead());
    ahead_->apply(unit_);
  }
  return *ahead_;
}

bool unit_merge::add(store_unit& next) {
  if (!can_follow(next))
    return false;
  ahead_->apply(next);
  std::move(next.events.begin(), next.events.end(), std::back_inserter(unit_.events));
  std::move(next.answers.begin(), next.answers.end(), std::back_inserter(unit_.answers));
  for (auto& c : next.changes)
    put(c);
  return true;
}

bool unit_merge::can_follow(const store_unit& next) const noexcept {
  if (!is_simple(next))
    return false;
  // A workout's old row is kept by the database at each change, so each is a statement.
  for (const auto& c : next.changes)
    if (const auto* workout = std::get_if<put_workout>(&c))
      for (const auto& earlier : unit_.changes)
        if (const auto* before = std::get_if<put_workout>(&earlier);
            before && before->workout.workout_id == workout->workout.workout_id)
          return false;
  return true;
}

void unit_merge::put(change& c) {
  if (auto* instance = std::get_if<put_instance>(&c); instance && replace(unit_.changes, *instance))
    return;
  if (auto* record = std::get_if<put_record>(&c); record && replace(unit_.changes, *record))
    return;
  unit_.changes.push_back(std::move(c));
}

} // namespace spotter::actors
