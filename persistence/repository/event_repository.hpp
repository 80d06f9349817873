#pragma once

#include "persistence/read_connection.hpp"
#include "persistence/repository/rendering.hpp"

#include <variant>

// A user's story: events by `seq`.

namespace spotter::persistence {

/// `{"items":[…],"position":…,"reset":…}`. `reset` is true when `since` is not in this story: the
/// client must load everything anew.
[[nodiscard]] read_result read_changes(read_connection& db, const domain::uuid& user,
                                       const messages::get_changes& query);

/// A workout's versions, also of a deleted one, for whoever wants to restore it.
[[nodiscard]] read_result read_history(read_connection& db, const domain::uuid& user,
                                       const messages::get_history& query);

/// All of the range, or a failure.
[[nodiscard]] std::variant<messages::event_range, messages::failure> load(
  read_connection& db, const messages::load_events& query);

[[nodiscard]] messages::event_epoch load(read_connection& db, const messages::load_epoch& query);

} // namespace spotter::persistence
