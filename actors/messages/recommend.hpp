#pragma once

#include "actors/messages/command.hpp"
#include "actors/messages/read.hpp"

#include <optional>
#include <string>
#include <variant>

namespace spotter::messages {

/// Asks the recommenders for advice. Answered with `command_reply` whose body is the stored
/// recommendation, within the pool's deadline whatever the engine does. What was asked before under
/// the same id or key is answered from what is stored, and no engine runs.
struct recommend {
  domain::uuid user_id;
  std::string kind; // "next_set"
  domain::uuid exercise_id;
  std::int32_t rep_min = 8;
  std::int32_t rep_max = 12;
  std::string engine; // empty: the default for the kind
  std::string trace_id;
  std::optional<domain::uuid> recommendation_id = {};
  std::optional<idempotency> once = {};
};

/// What one engine worker is asked to work out: answered with `advice`, or an error.
struct compute_advice {
  recommend question;
  exercise_history history;
};

/// An engine's answer. `suggestion` and `inputs` are JSON objects; `explanation` is for people.
struct advice {
  shared_text inputs;
  shared_text suggestion;
  std::string explanation;
};

template <class Inspector>
bool inspect(Inspector& f, recommend& x) {
  return f.object(x).fields(
    f.field("user_id", x.user_id), f.field("kind", x.kind), f.field("exercise_id", x.exercise_id),
    f.field("rep_min", x.rep_min), f.field("rep_max", x.rep_max), f.field("engine", x.engine),
    f.field("trace_id", x.trace_id), f.field("recommendation_id", x.recommendation_id),
    f.field("once", x.once));
}

template <class Inspector>
bool inspect(Inspector& f, compute_advice& x) {
  return f.object(x).fields(f.field("question", x.question), f.field("history", x.history));
}

template <class Inspector>
bool inspect(Inspector& f, advice& x) {
  return f.object(x).fields(f.field("inputs", x.inputs), f.field("suggestion", x.suggestion),
                            f.field("explanation", x.explanation));
}

} // namespace spotter::messages
