#pragma once

#include "actors/session/user_state.hpp"

#include <variant>

namespace spotter::actors {

/// A unit of work to store, and the answer to give once it is stored.
struct decided {
  messages::store_unit unit;
  messages::outcome answer;
};

/// What must be loaded before a command can be decided; then it is decided anew.
using need = std::variant<messages::load_workout, messages::load_exercise, messages::load_answer,
                          messages::load_sources, messages::load_import>;

/// What to do about a command: refuse it, answer it without a change (a replay), load something
/// first, or store.
using decision = std::variant<messages::failure, messages::outcome, need, decided>;

/// What was loaded for one command only and is not kept.
struct loaded_once {
  std::optional<messages::source_matches> sources;
  std::optional<messages::import_image> import;
  std::optional<messages::workout_image> old_version;
};

/// The rules of a session, pure: no clock but `now`, no input but the state, no effect. Checks the
/// idempotency key, the version that the caller saw, the content, and works out events and rows.
[[nodiscard]] decision decide(const user_state& state, const messages::command& cmd,
                              const loaded_once& once, domain::instant now);

} // namespace spotter::actors
