#include "actors/recommend/engine.hpp"

#include "domain/json.hpp"
#include "domain/progression.hpp"

#include <stdexcept>

namespace spotter::actors {

namespace {

void write_weight(domain::json_writer& json, std::string_view name, const domain::weight& w) {
  json.key(name).begin_object();
  json.member("value", w.value).member("unit", domain::to_string(w.unit));
  json.end_object();
}

std::string render_inputs(const messages::compute_advice& ask,
                          const domain::progression_rules& rules) {
  std::string out;
  domain::json_writer json{out};
  json.begin_object();
  json.member("rep_min", rules.min_reps).member("rep_max", rules.max_reps);
  write_weight(json, "increment", rules.increment);
  json.key("workouts").begin_array();
  for (const auto& performed : ask.history.performances) {
    json.begin_object();
    json.member("workout_id", performed.workout_id).member("started_at", performed.started_at);
    json.key("sets").begin_array();
    for (const auto& set : performed.sets) {
      if (set.deleted)
        continue;
      json.begin_object();
      json.member("id", set.set_id).member("kind", domain::to_string(set.kind));
      domain::write_members(json, set.actual);
      json.end_object();
    }
    json.end_array().end_object();
  }
  json.end_array().end_object();
  return out;
}

std::string render_suggestion(const domain::set_suggestion& set) {
  std::string out;
  domain::json_writer json{out};
  json.begin_object();
  if (set.load)
    write_weight(json, "weight", *set.load);
  json.member_if("reps", set.reps);
  json.member("kind", domain::to_string(set.kind));
  json.member("reason", domain::to_string(set.reason));
  json.end_object();
  return out;
}

domain::past_session to_session(const messages::performed_exercise& performed) {
  domain::past_session result;
  for (const auto& set : performed.sets) {
    if (set.deleted)
      continue;
    domain::past_set past{set.kind, set.actual.reps, std::nullopt, set.actual.rir, set.actual.rpe};
    if (set.actual.weight)
      past.weight_g = set.actual.weight->grams();
    result.sets.push_back(past);
  }
  return result;
}

} // namespace

messages::advice compute_double_progression(const messages::compute_advice& ask) {
  auto rules = domain::progression_rules::for_unit(ask.history.unit);
  rules.min_reps = ask.question.rep_min;
  rules.max_reps = ask.question.rep_max;
  if (!rules.valid())
    throw std::invalid_argument("double progression: the range of repetitions is not valid");
  std::vector<domain::past_session> history;
  for (const auto& performed : ask.history.performances)
    history.push_back(to_session(performed));
  const auto suggestion = domain::double_progression(history, {}, rules);
  return {render_inputs(ask, rules), render_suggestion(suggestion), suggestion.explanation};
}

engine_table built_in_engines() {
  return {{double_progression_name, {"next_set", compute_double_progression}}};
}

} // namespace spotter::actors
