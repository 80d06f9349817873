#include "actors/limits/local_state.hpp"

namespace spotter::actors {

messages::tokens_taken local_state::take(const messages::take_tokens& what, limit_time now) {
  const auto* known = buckets_.find(what.key);
  const auto verdict =
    actors::take(token_rate::of(what), known ? *known : now, now, what.cost, what.least);
  if (verdict.taken.granted > 0)
    buckets_.put(what.key, verdict.full_at, verdict.full_at);
  return verdict.taken;
}

messages::attempts_counted local_state::count(const messages::count_attempts& what,
                                              limit_time now) {
  messages::attempts_counted out;
  out.states.reserve(what.counters.size());
  for (const auto& rule : what.counters) {
    const auto* found = attempts_.find(rule.key);
    auto known = found ? *found : attempts_made{};
    const auto state = count_attempt(rule, known, now);
    if (state.allowed && rule.counts)
      put(rule.key, known);
    out.states.push_back(state);
  }
  return out;
}

void local_state::forgive(const messages::forgive_attempts& what, limit_time now) {
  const auto* found = attempts_.find(what.key);
  if (!found)
    return;
  auto known = *found;
  actors::forgive(known, what.count);
  if (known.count == 0 || known.forgotten <= now)
    attempts_.erase(what.key);
  else
    put(what.key, known);
}

messages::cached_value local_state::find(const messages::get_cached& what, limit_time now) {
  if (const auto* value = cache_.find(what.key, now))
    return {true, *value};
  return {};
}

void local_state::keep(const messages::keep& what, limit_time now) {
  cache_.keep(what.key, what.value, now + std::chrono::milliseconds{what.ttl_ms});
}

void local_state::sweep(limit_time now) {
  buckets_.sweep([now](const limit_time& full_at) { return full_at <= now; });
  attempts_.sweep([now](const attempts_made& made) { return made.forgotten <= now; });
}

void local_state::put(std::string_view key, const attempts_made& known) {
  attempts_.put(key, known, {known.count, known.forgotten});
}

} // namespace spotter::actors
