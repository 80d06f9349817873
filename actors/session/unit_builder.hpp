#pragma once

#include "actors/session/decide.hpp"
#include "domain/json.hpp"

#include <string>
#include <utility>

namespace spotter::actors {

/// Collects one command's events and changes, numbering the events as they come.
class unit_builder {
public:
  unit_builder(const user_state& state, domain::instant now);

  [[nodiscard]] domain::instant now() const noexcept { return now_; }

  /// The version that the command's resources get: the `seq` of its first event.
  [[nodiscard]] std::int64_t version() const noexcept { return first_.seq; }

  /// The `seq` of the event that is added next.
  [[nodiscard]] std::int64_t next_version() const noexcept {
    return first_.seq + static_cast<std::int64_t>(unit_.events.size());
  }

  unit_builder& change(messages::change c);

  /// Puts the own row of `w`, which holds its instances and sets as they are after the command.
  unit_builder& put(const domain::workout& w);

  /// Adds an event whose data is `{"<resource>": …}` as `write_resource(json)` writes it.
  template <class Write>
  unit_builder& event(messages::event_name name, const domain::uuid& workout_id,
                      std::string_view resource, Write&& write_resource) {
    std::string data;
    data.reserve(384);
    domain::json_writer json{data};
    json.begin_object().key(resource);
    write_resource(json);
    json.end_object();
    return raw_event(name, workout_id, std::move(data));
  }

  /// Adds an event whose data is JSON already.
  unit_builder& raw_event(messages::event_name name, const domain::uuid& workout_id,
                          std::string data);

  /// Finishes: `body` answers the command, under the version of the first event.
  [[nodiscard]] decided finish(bool created, std::string body);

private:
  messages::position first_;
  domain::instant now_;
  messages::store_unit unit_;
};

/// A refusal.
[[nodiscard]] messages::failure refuse(messages::failure_code code, std::string detail);

/// A refusal of one field.
[[nodiscard]] messages::failure refuse_field(std::string pointer, std::string code,
                                             std::string detail);

/// Answers without a change, as the first time.
[[nodiscard]] messages::outcome replay(const user_state& state, std::int64_t version, bool created,
                                       std::string body);

/// The JSON of anything that `domain::write` or `messages::write` knows.
template <class... Args>
[[nodiscard]] std::string to_json(Args&&... args) {
  std::string out;
  out.reserve(320);
  domain::json_writer json{out};
  write(json, std::forward<Args>(args)...);
  return out;
}

// The rules by subject; each is called by `decide` after the key was checked.

decision decide_start(const user_state& s, const messages::start_workout& c, domain::instant now);
decision decide_update(const user_state& s, const messages::update_workout& c,
                       const messages::command& cmd, domain::instant now);
decision decide_finish(const user_state& s, const messages::finish_workout& c,
                       const messages::command& cmd, domain::instant now);
decision decide_delete(const user_state& s, const messages::delete_workout& c,
                       const messages::command& cmd, domain::instant now);
decision decide_restore(const user_state& s, const messages::restore_workout& c,
                        domain::instant now);
decision decide_revert(const user_state& s, const messages::revert_workout& c,
                       const loaded_once& once, domain::instant now);
decision decide_log_set(const user_state& s, const messages::log_set& c, domain::instant now);
decision decide_update_set(const user_state& s, const messages::update_set& c,
                           const messages::command& cmd, domain::instant now);
decision decide_delete_set(const user_state& s, const messages::delete_set& c,
                           const messages::command& cmd, domain::instant now);
decision decide_create_exercise(const user_state& s, const messages::create_exercise& c,
                                domain::instant now);
decision decide_update_exercise(const user_state& s, const messages::update_exercise& c,
                                const messages::command& cmd, domain::instant now);
decision decide_delete_exercise(const user_state& s, const messages::delete_exercise& c,
                                const messages::command& cmd, domain::instant now);
decision decide_profile(const user_state& s, const messages::update_profile& c,
                        const messages::command& cmd, domain::instant now);
decision decide_create_import(const user_state& s, const messages::create_import& c,
                              const loaded_once& once, domain::instant now);
decision decide_import(const user_state& s, const messages::import_workouts& c,
                       const loaded_once& once, domain::instant now);
decision decide_steer(const user_state& s, const messages::steer_import& c, const loaded_once& once,
                      domain::instant now);
decision decide_recommendation(const user_state& s, const messages::record_recommendation& c,
                               domain::instant now);
decision decide_outcome(const user_state& s, const messages::record_outcome& c,
                        domain::instant now);
decision decide_revocation(const user_state& s, const messages::announce_revocation& c,
                           domain::instant now);

decision decide_end_timer(const user_state& s, const messages::end_timer& c, domain::instant now);
decision decide_account_changed(const user_state& s, const messages::account_changed& c,
                                domain::instant now);

/// Refuses if the caller saw another version than `current`.
[[nodiscard]] std::optional<messages::failure> check_match(const messages::command& cmd,
                                                           std::int64_t current);

} // namespace spotter::actors
