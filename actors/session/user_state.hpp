#pragma once

#include "actors/messages/read.hpp"
#include "actors/messages/store.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace spotter::actors {

/// What a session knows of one user. Changed only by `apply`, with units that are stored: memory
/// never runs ahead of the database. What is not in it may still be in the database; `decide` asks
/// for what it needs.
///
/// A state `ahead` of another is the exception: it lives no longer than it takes to decide the next
/// command against units that are yet to be stored.
class user_state {
public:
  /// What is known of an exercise: see `messages::exercise_image`.
  using exercise_knowledge = messages::exercise_image;

  /// A state at the beginning of an ownership: what was loaded, under the owner's `epoch`.
  user_state(const messages::session_image& image, std::int64_t epoch);

  /// A state that begins as this one, which must outlive it and stay as it is meanwhile; only what
  /// `apply` touches is copied. Takes no units but those of which `can_go_ahead` is true.
  [[nodiscard]] user_state ahead() const;

  /// Could `c` be part of a unit that a state which is ahead takes?
  [[nodiscard]] static bool can_go_ahead(const messages::change& c) noexcept;

  [[nodiscard]] const messages::profile& who() const noexcept { return base_ ? base_->who_ : who_; }
  [[nodiscard]] const domain::uuid& user_id() const noexcept { return who().user_id; }

  /// The place of the next event.
  [[nodiscard]] messages::position next() const noexcept { return {epoch_, head_seq_ + 1}; }
  [[nodiscard]] std::int64_t epoch() const noexcept { return epoch_; }
  [[nodiscard]] std::int64_t head_seq() const noexcept { return head_seq_; }

  /// The head as a client sees it: 0, 0 for an empty story.
  [[nodiscard]] messages::position head() const noexcept { return {head_epoch_, head_seq_}; }

  /// A workout in memory, deleted or not; nullptr if it is not in memory or known not to be there.
  [[nodiscard]] const domain::workout* find_workout(const domain::uuid& id) const noexcept;

  /// True if the database has been asked for this workout, or it is in memory.
  [[nodiscard]] bool knows_workout(const domain::uuid& id) const noexcept;

  /// The live workouts that are not deleted, oldest first.
  [[nodiscard]] std::vector<const domain::workout*> live_workouts() const;

  [[nodiscard]] const exercise_knowledge* find_exercise(const domain::uuid& id) const noexcept;

  /// The remembered answer to an idempotency key.
  [[nodiscard]] const messages::remembered_answer* find_answer(
    const std::string& key) const noexcept;

  /// True if `find_answer` need not be checked against the database.
  [[nodiscard]] bool knows_answer(const std::string& key) const noexcept;

  // What was loaded on demand. None of it is ahead of the database.

  void learn(const domain::uuid& workout_id, std::optional<domain::workout> loaded);
  void learn(const domain::uuid& exercise_id, exercise_knowledge loaded);
  void learn(const std::string& key, std::optional<messages::remembered_answer> loaded);

  /// Takes over what a committed unit changed; for a state that is ahead, what one would.
  void apply(const messages::store_unit& unit);

private:
  struct cached_workout {
    domain::uuid workout_id;
    std::optional<domain::workout> workout; // empty: the database has none
    std::uint64_t last_used = 0;
  };

  user_state() = default;

  const cached_workout* find_own(const domain::uuid& id) const noexcept;
  cached_workout* find_own(const domain::uuid& id) noexcept;
  const cached_workout* find_cached(const domain::uuid& id) const noexcept;
  domain::workout& workout_for(const domain::uuid& id);
  void trim_workouts();
  void apply_change(const messages::put_workout& c);
  void apply_change(const messages::put_instance& c);
  void apply_change(const messages::add_set& c);
  void apply_change(const messages::change_set& c);
  void apply_change(const messages::clear_workout& c);
  void apply_change(const messages::put_record& c);
  void apply_change(const messages::rebuild_records& c);
  void apply_change(const messages::put_exercise& c);
  void apply_change(const messages::put_profile& c);
  /// Imports and recommendations are not held in memory.
  template <class Change>
  void apply_change(const Change&) {}

  const user_state* base_ = nullptr; // of a state that is ahead: what it has not touched itself
  messages::profile who_;
  std::int64_t epoch_ = 0;
  std::int64_t head_seq_ = 0;
  std::int64_t head_epoch_ = 0;
  std::uint64_t clock_ = 0; // counts uses, for the order of eviction
  std::vector<cached_workout> workouts_;
  std::unordered_map<domain::uuid, exercise_knowledge> exercises_;
  std::unordered_map<std::string, messages::remembered_answer> answers_;
  std::vector<std::string> absent_answers_;
  bool answers_complete_ = true;
};

} // namespace spotter::actors
