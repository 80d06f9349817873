#pragma once

#include "actors/session/user_state.hpp"

#include <optional>

namespace spotter::actors {

/// Makes one unit of work of several, each decided against what the ones before it leave.
///
/// A row is in the result once, with its last content: one statement can't write it twice. What would
/// need more than that, or would lose an old row that the database keeps, stays out.
class unit_merge {
public:
  /// Begins with `first`, decided against `committed`, which must outlive the merge and stay as it is.
  unit_merge(const user_state& committed, messages::store_unit first);

  /// True if more units may follow, of which it is yet to be seen whether `add` takes them.
  [[nodiscard]] bool open() const noexcept { return open_; }

  /// What the next command is decided against; only while `open`.
  [[nodiscard]] const user_state& state();

  /// Takes over a unit decided against `state()`. False if it must be a unit of its own; then the
  /// merge has not changed.
  [[nodiscard]] bool add(messages::store_unit& next);

  /// The whole; the merge is of no use after it.
  [[nodiscard]] messages::store_unit take() { return std::move(unit_); }

private:
  [[nodiscard]] bool can_follow(const messages::store_unit& next) const noexcept;
  void put(messages::change& c);

  const user_state& committed_;
  std::optional<user_state> ahead_; // of `committed_`, by the units so far
  messages::store_unit unit_;
  bool open_;
};

} // namespace spotter::actors
