#include "domain/progression.hpp"

#include "domain/strength.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>

namespace spotter::domain {

namespace {

/// A load that differs by less counts as the same: pounds do not come out even in grams.
constexpr std::int64_t same_load_g = 50;

/// The working sets of one session at its load.
struct judged_session {
  std::int64_t load_g = 0;
  std::vector<past_set> sets;
};

bool is_working(const past_set& set) noexcept {
  return set.reps && *set.reps > 0
         && (set.kind == set_kind::normal || set.kind == set_kind::failure);
}

std::vector<past_set> working_sets(const past_session& session) {
  std::vector<past_set> sets;
  std::copy_if(session.sets.begin(), session.sets.end(), std::back_inserter(sets), is_working);
  return sets;
}

std::optional<judged_session> judge(const past_session& session) {
  const auto sets = working_sets(session);
  if (sets.empty())
    return std::nullopt;
  std::map<std::int64_t, int> times;
  for (const auto& set : sets)
    ++times[set.weight_g.value_or(0)];
  judged_session result;
  int most = 0;
  for (const auto& [load, count] : times) {
    if (count >= most) { // the map goes up, so a tie ends with the heavier one
      most = count;
      result.load_g = load;
    }
  }
  for (const auto& set : sets)
    if (set.weight_g.value_or(0) == result.load_g)
      result.sets.push_back(set);
  return result;
}

std::int32_t fewest_reps(const judged_session& session) {
  return *std::min_element(session.sets.begin(), session.sets.end(),
                           [](const past_set& a, const past_set& b) { return *a.reps < *b.reps; })
            ->reps;
}

bool same_load(std::int64_t a, std::int64_t b) noexcept {
  return std::llabs(a - b) < same_load_g;
}

/// Up to two decimals, without trailing zeros.
std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", value);
  std::string out{text};
  out.erase(out.find_last_not_of('0') + 1);
  if (out.back() == '.')
    out.pop_back();
  return out;
}

std::string text_of(const weight& w) {
  return number(w.value) + " " + std::string{to_string(w.unit)};
}

std::string sets_text(std::size_t count) {
  return count == 1 ? "the set" : "all " + std::to_string(count) + " sets";
}

std::string reps_text(const std::vector<past_set>& sets) {
  std::string out;
  for (const auto& set : sets)
    out += (out.empty() ? "" : ", ") + std::to_string(*set.reps);
  return out;
}

/// The rules at work on one athlete's exercise.
class decision {
public:
  decision(const progression_rules& rules, std::size_t done_today)
    : rules_(rules), done_today_(done_today) {}

  [[nodiscard]] set_suggestion start() const {
    set_suggestion result;
    result.explanation = "There is no earlier working set of this exercise, so nothing can be "
                         "worked out from. Start light: choose a load that leaves 3 or 4 "
                         "repetitions in reserve after "
                         + range() + ", and log it.";
    return result;
  }

  [[nodiscard]] set_suggestion after(const judged_session& last,
                                     const std::optional<judged_session>& before) const {
    const auto fewest = fewest_reps(last);
    if (fewest >= rules_.max_reps && last.load_g > 0)
      return add_load(last);
    if (fewest >= rules_.min_reps)
      return add_reps(last);
    if (before && same_load(before->load_g, last.load_g) && last.load_g > 0
        && fewest_reps(*before) < rules_.min_reps)
      return reduce_load(last, *before);
    return repeat_load(last);
  }

  /// The set before was done at `previous.weight_g` and missed the bottom of the range.
  [[nodiscard]] set_suggestion ease(const past_set& previous) const {
    set_suggestion result;
    const auto done = in_unit(previous.weight_g.value_or(0));
    result.load =
      weight{std::max(rules_.increment.value, done.value - rules_.increment.value), done.unit};
    result.reps = rules_.min_reps;
    result.reason = progression_reason::ease_today;
    result.explanation = "Your last set today, " + text_of(done) + " for "
                         + std::to_string(*previous.reps) + ", missed the "
                         + std::to_string(rules_.min_reps) + " at the bottom of " + range()
                         + ". Take one step less: " + text_of(*result.load) + " for "
                         + std::to_string(rules_.min_reps) + ".";
    return result;
  }

  /// The set before was done today with enough repetitions, and there is no plan to follow.
  [[nodiscard]] set_suggestion carry_on(const past_set& previous) const {
    set_suggestion result;
    const auto grams = previous.weight_g.value_or(0);
    result.reps = std::clamp(*previous.reps, rules_.min_reps, rules_.max_reps);
    result.reason = progression_reason::repeat_load;
    auto load = std::string{"without added load"};
    if (grams > 0) {
      result.load = in_unit(grams);
      load = "at " + text_of(*result.load);
    }
    result.explanation = "Your last set today was " + std::to_string(*previous.reps)
                         + " repetitions " + load + ". Stay there and aim for "
                         + std::to_string(*result.reps) + ".";
    return result;
  }

private:
  [[nodiscard]] std::string range() const {
    return std::to_string(rules_.min_reps) + " to " + std::to_string(rules_.max_reps)
           + " repetitions";
  }

  /// Grams in the athlete's unit, rounded to hundredths, which undoes the rounding to grams.
  [[nodiscard]] weight in_unit(std::int64_t grams) const {
    const double per_unit = rules_.increment.unit == weight_unit::kg ? 1000.0 : 453.59237;
    return {std::round(static_cast<double>(grams) / per_unit * 100) / 100, rules_.increment.unit};
  }

  [[nodiscard]] set_suggestion add_load(const judged_session& last) const {
    set_suggestion result;
    const auto done = in_unit(last.load_g);
    result.load = weight{done.value + rules_.increment.value, done.unit};
    result.reps = rules_.min_reps;
    result.reason = progression_reason::add_load;
    result.explanation = "Last time " + sets_text(last.sets.size()) + " at " + text_of(done)
                         + " reached " + std::to_string(rules_.max_reps) + ", the top of " + range()
                         + " (" + reps_text(last.sets) + "). Add " + text_of(rules_.increment)
                         + " and start from the bottom: " + text_of(*result.load) + " for "
                         + std::to_string(rules_.min_reps) + ".";
    return result;
  }

  [[nodiscard]] set_suggestion add_reps(const judged_session& last) const {
    const auto& peer = last.sets[std::min(done_today_, last.sets.size() - 1)];
    // Two or more in reserve leave room for two more repetitions at once.
    const double reserve = effective_reps(*peer.reps, peer.rir, peer.rpe) - *peer.reps;
    const std::int32_t step = reserve >= 2 ? 2 : 1;
    set_suggestion result;
    result.reason = progression_reason::add_reps;
    if (last.load_g == 0) {
      result.reps = *peer.reps + step;
      result.explanation = "Last time you did " + reps_text(last.sets)
                           + " repetitions without added load. Aim for "
                           + std::to_string(*result.reps) + ".";
      return result;
    }
    result.load = in_unit(last.load_g);
    result.reps = std::min(rules_.max_reps, *peer.reps + step);
    result.explanation =
      "Last time you did " + reps_text(last.sets) + " repetitions at " + text_of(*result.load)
      + ", within " + range() + ". Keep the load and aim for " + std::to_string(*result.reps)
      + (reserve >= 2 ? ", as you had " + number(reserve) + " in reserve." : ".");
    return result;
  }

  [[nodiscard]] set_suggestion repeat_load(const judged_session& last) const {
    set_suggestion result;
    result.reps = rules_.min_reps;
    result.reason = progression_reason::repeat_load;
    const auto missed = "Last time you did " + reps_text(last.sets) + " repetitions";
    const auto aim = std::to_string(rules_.min_reps);
    if (last.load_g == 0) {
      result.explanation = missed + " without added load, below the " + aim + " at the bottom of "
                           + range() + ". Aim for " + aim + ".";
      return result;
    }
    result.load = in_unit(last.load_g);
    result.explanation = missed + " at " + text_of(*result.load) + ", with a set below the " + aim
                         + " at the bottom of " + range() + ". Stay at " + text_of(*result.load)
                         + " and aim for " + aim + ".";
    return result;
  }

  [[nodiscard]] set_suggestion reduce_load(const judged_session& last,
                                           const judged_session& before) const {
    const auto done = in_unit(last.load_g);
    const double step = rules_.increment.value;
    // Down to whole steps, so that the load can be put on the bar; never to nothing.
    const double lighter = std::max(step, std::floor(done.value * 0.9 / step + 1e-9) * step);
    set_suggestion result;
    result.load = weight{std::min(lighter, done.value), done.unit};
    result.reps = rules_.min_reps;
    result.reason = progression_reason::reduce_load;
    result.explanation = "The last two sessions at " + text_of(done) + " (" + reps_text(before.sets)
                         + "; then " + reps_text(last.sets) + ") both missed the "
                         + std::to_string(rules_.min_reps) + " at the bottom of " + range()
                         + ". Take 10 % off: " + text_of(*result.load) + " for "
                         + std::to_string(rules_.min_reps) + ".";
    return result;
  }

  const progression_rules& rules_;
  std::size_t done_today_;
};

} // namespace

progression_rules progression_rules::for_unit(weight_unit unit) noexcept {
  progression_rules rules;
  if (unit == weight_unit::lb)
    rules.increment = {5, weight_unit::lb};
  return rules;
}

bool progression_rules::valid() const noexcept {
  return min_reps >= 1 && min_reps <= max_reps && max_reps <= 100 && increment.value > 0
         && increment.grams() > 0 && increment.grams() <= 100'000;
}

std::string_view to_string(progression_reason reason) noexcept {
  switch (reason) {
    case progression_reason::no_history:
      return "no_history";
    case progression_reason::add_load:
      return "add_load";
    case progression_reason::add_reps:
      return "add_reps";
    case progression_reason::repeat_load:
      return "repeat_load";
    case progression_reason::reduce_load:
      return "reduce_load";
    case progression_reason::ease_today:
      return "ease_today";
  }
  return "unknown";
}

std::optional<std::int64_t> set_suggestion::weight_g() const noexcept {
  if (!load)
    return std::nullopt;
  return load->grams();
}

set_suggestion double_progression(const std::vector<past_session>& history,
                                  const past_session& today, const progression_rules& rules) {
  const auto done = working_sets(today);
  const decision rule{rules, done.size()};
  if (!done.empty() && *done.back().reps < rules.min_reps && done.back().weight_g.value_or(0) > 0)
    return rule.ease(done.back());
  std::vector<judged_session> judged;
  for (const auto& session : history) {
    if (auto one = judge(session))
      judged.push_back(std::move(*one));
    if (judged.size() == 2)
      break;
  }
  if (judged.empty())
    return done.empty() ? rule.start() : rule.carry_on(done.back());
  auto plan = rule.after(judged[0], judged.size() > 1 ? std::optional{judged[1]} : std::nullopt);
  // Whoever went off the plan today knows why: stay with the load that is on the bar.
  if (!done.empty() && !same_load(done.back().weight_g.value_or(0), plan.weight_g().value_or(0)))
    return rule.carry_on(done.back());
  return plan;
}

} // namespace spotter::domain
