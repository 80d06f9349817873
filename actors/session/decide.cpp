#include "actors/session/decide.hpp"

#include "actors/session/unit_builder.hpp"
#include "domain/broken.hpp"

#include <fmt/format.h>

namespace spotter::actors {

using namespace messages;

namespace {

template <class... Fs>
struct overloaded : Fs... {
  using Fs::operator()...;
};
template <class... Fs>
overloaded(Fs...) -> overloaded<Fs...>;

decision decide_body(const user_state& s, const command& cmd, const loaded_once& once,
                     domain::instant now) {
  return std::visit(
    overloaded{
      [&](const start_workout& c) { return decide_start(s, c, now); },
      [&](const update_workout& c) { return decide_update(s, c, cmd, now); },
      [&](const finish_workout& c) { return decide_finish(s, c, cmd, now); },
      [&](const delete_workout& c) { return decide_delete(s, c, cmd, now); },
      [&](const restore_workout& c) { return decide_restore(s, c, now); },
      [&](const revert_workout& c) { return decide_revert(s, c, once, now); },
      [&](const log_set& c) { return decide_log_set(s, c, now); },
      [&](const update_set& c) { return decide_update_set(s, c, cmd, now); },
      [&](const delete_set& c) { return decide_delete_set(s, c, cmd, now); },
      [&](const create_exercise& c) { return decide_create_exercise(s, c, now); },
      [&](const update_exercise& c) { return decide_update_exercise(s, c, cmd, now); },
      [&](const delete_exercise& c) { return decide_delete_exercise(s, c, cmd, now); },
      [&](const update_profile& c) { return decide_profile(s, c, cmd, now); },
      [&](const create_import& c) { return decide_create_import(s, c, once, now); },
      [&](const import_workouts& c) { return decide_import(s, c, once, now); },
      [&](const steer_import& c) { return decide_steer(s, c, once, now); },
      [&](const record_recommendation& c) { return decide_recommendation(s, c, now); },
      [&](const record_outcome& c) { return decide_outcome(s, c, now); },
      [&](const announce_revocation& c) { return decide_revocation(s, c, now); },
      [&](const end_timer& c) { return decide_end_timer(s, c, now); },
      [&](const account_changed& c) { return decide_account_changed(s, c, now); },
    },
    cmd.body);
}

} // namespace

decision decide(const user_state& state, const command& cmd, const loaded_once& once,
                domain::instant now) {
  if (!cmd.once || SPOTTER_BROKEN("idempotency"))
    return decide_body(state, cmd, once, now);
  const auto& key = *cmd.once;
  if (!state.knows_answer(key.key))
    return need{load_answer{state.user_id(), key.key}};
  if (const auto* first = state.find_answer(key.key)) {
    if (first->fingerprint != key.fingerprint)
      return refuse(failure_code::idempotency_mismatch,
                    "this idempotency key was used with another request; use a new key");
    return outcome{first->created, true, first->version, first->at, first->body, {}};
  }
  auto result = decide_body(state, cmd, once, now);
  if (auto* d = std::get_if<decided>(&result))
    d->unit.answers.push_back({key.key, key.fingerprint, d->answer.created, d->answer.version,
                               d->answer.at, d->answer.body});
  return result;
}

unit_builder::unit_builder(const user_state& state, domain::instant now)
  : first_(state.next()), now_(now) {
  unit_.user_id = state.user_id();
  unit_.unit_id = domain::make_uuid_v7();
}

unit_builder& unit_builder::change(messages::change c) {
  unit_.changes.push_back(std::move(c));
  return *this;
}

unit_builder& unit_builder::put(const domain::workout& w) {
  put_workout row{w, std::nullopt};
  if (w.state == domain::workout_state::finished)
    row.summary = domain::summarise(w);
  row.workout.exercises.clear();
  return change(std::move(row));
}

unit_builder& unit_builder::raw_event(event_name name, const domain::uuid& workout_id,
                                      std::string data) {
  const auto seq = first_.seq + static_cast<std::int64_t>(unit_.events.size());
  unit_.events.push_back(
    {position{first_.epoch, seq}, name, workout_id, now_, shared_text{std::move(data)}});
  return *this;
}

decided unit_builder::finish(bool created, std::string body) {
  outcome answer;
  answer.created = created;
  answer.version = first_.seq;
  answer.at = unit_.events.back().at_position;
  if (!body.empty())
    answer.body = shared_text{std::move(body)};
  return {std::move(unit_), std::move(answer)};
}

failure refuse(failure_code code, std::string detail) {
  return {code, std::move(detail), {}, 0};
}

failure refuse_field(std::string pointer, std::string code, std::string detail) {
  failure f{failure_code::invalid_content, detail, {}, 0};
  f.errors.push_back({std::move(pointer), std::move(code), std::move(detail)});
  return f;
}

outcome replay(const user_state& state, std::int64_t version, bool created, std::string body) {
  outcome o;
  o.created = created;
  o.replayed = true;
  o.version = version;
  o.at = state.head();
  if (!body.empty())
    o.body = shared_text{std::move(body)};
  return o;
}

std::optional<failure> check_match(const command& cmd, std::int64_t current) {
  if (!cmd.if_match || *cmd.if_match == current)
    return std::nullopt;
  return refuse(failure_code::version_conflict,
                fmt::format("the resource is at version {} now, not {}; read it again and decide",
                            current, *cmd.if_match));
}

} // namespace spotter::actors
