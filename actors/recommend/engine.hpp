#pragma once

#include "actors/messages/handles.hpp"

#include <caf/result.hpp>
#include <caf/typed_actor.hpp>

#include <functional>
#include <map>
#include <string>

namespace spotter::actors {

/// Works out advice. Pure: it may be slow, and it may throw, without harm to anybody but its caller.
using engine_function = std::function<messages::advice(const messages::compute_advice&)>;

/// An engine in one version. A change of its rules is another version, beside the old one.
struct engine {
  std::string kind; // of the recommendations that it gives
  engine_function compute;
};

/// Engines by `name@version`.
using engine_table = std::map<std::string, engine>;

/// Answers `compute_advice`: a worker, or the pool in front of the workers of one engine.
using engine_actor = caf::typed_actor<caf::result<messages::advice>(messages::compute_advice)>;

/// The name of the engine for next sets: see `domain::double_progression`.
inline constexpr const char* double_progression_name = "double_progression@1";

/// Applies `domain::double_progression` to the history, in steps of the athlete's own unit.
[[nodiscard]] messages::advice compute_double_progression(const messages::compute_advice& ask);

/// All engines of this release.
[[nodiscard]] engine_table built_in_engines();

} // namespace spotter::actors
