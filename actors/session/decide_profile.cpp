#include "actors/messages/resource_json.hpp"
#include "actors/session/local_date.hpp"
#include "actors/session/unit_builder.hpp"

#include <fmt/format.h>

// The rules of own exercises, the profile and the end of a login.

namespace spotter::actors {

using namespace messages;

namespace {

template <class T>
void write_resource(domain::json_writer& json, const T& x) {
  messages::write(json, x);
}

/// Finds an own exercise that may be changed, or says why not.
std::optional<decision> locate(const user_state& s, const domain::uuid& id, const command& cmd,
                               own_exercise& out) {
  const auto* known = s.find_exercise(id);
  if (!known)
    return need{load_exercise{s.user_id(), id}};
  if (!known->found)
    return refuse(failure_code::not_found, "there is no such exercise");
  if (!known->own || !known->exercise)
    return refuse(failure_code::conflict,
                  "this exercise belongs to the shared catalogue, which can't be changed; "
                  "make one of your own");
  out = *known->exercise;
  if (auto f = check_match(cmd, out.version))
    return std::move(*f);
  return std::nullopt;
}

decision store_exercise(unit_builder& unit, own_exercise e, event_name name, bool created) {
  std::string body;
  domain::json_writer json{body};
  write_resource(json, e);
  unit.event(name, domain::uuid{}, "exercise",
             [&body](domain::json_writer& out) { out.raw(body); });
  const bool deleted = e.deleted;
  unit.change(put_exercise{std::move(e)});
  return unit.finish(created, deleted ? std::string{} : std::move(body));
}

decision store_profile(const user_state& s, profile who, domain::instant now) {
  unit_builder unit{s, now};
  who.version = unit.version();
  who.updated_at = now;
  std::string body;
  domain::json_writer json{body};
  write_resource(json, who);
  unit.event(event_name::profile_updated, domain::uuid{}, "profile",
             [&body](domain::json_writer& out) { out.raw(body); });
  unit.change(put_profile{std::move(who)});
  return unit.finish(false, std::move(body));
}

} // namespace

decision decide_create_exercise(const user_state& s, const create_exercise& c,
                                domain::instant now) {
  if (c.exercise_id) {
    const auto* known = s.find_exercise(*c.exercise_id);
    if (!known)
      return need{load_exercise{s.user_id(), *c.exercise_id}};
    if (known->exercise) {
      const auto& e = *known->exercise;
      const bool same = e.name == c.name && e.equipment == c.equipment
                        && e.primary_muscles == c.primary_muscles
                        && e.secondary_muscles == c.secondary_muscles;
      if (!same && e.created_at == e.updated_at)
        return refuse(failure_code::id_reused,
                      "an exercise with this id exists and differs; make a new id");
      std::string body;
      domain::json_writer json{body};
      write_resource(json, e);
      return replay(s, e.version, true, std::move(body));
    }
    if (known->found)
      return refuse(failure_code::id_reused, "this id belongs to the shared catalogue");
  }
  unit_builder unit{s, now};
  own_exercise e;
  e.exercise_id = c.exercise_id.value_or(domain::make_uuid_v7());
  e.name = c.name;
  e.equipment = c.equipment;
  e.primary_muscles = c.primary_muscles;
  e.secondary_muscles = c.secondary_muscles;
  e.version = unit.version();
  e.created_at = e.updated_at = now;
  return store_exercise(unit, std::move(e), event_name::exercise_created, true);
}

decision decide_update_exercise(const user_state& s, const update_exercise& c, const command& cmd,
                                domain::instant now) {
  own_exercise e;
  if (auto other = locate(s, c.exercise_id, cmd, e))
    return std::move(*other);
  unit_builder unit{s, now};
  e.name = c.name.value_or(e.name);
  e.equipment = c.equipment.value_or(e.equipment);
  e.primary_muscles = c.primary_muscles.value_or(e.primary_muscles);
  e.secondary_muscles = c.secondary_muscles.value_or(e.secondary_muscles);
  e.version = unit.version();
  e.updated_at = now;
  return store_exercise(unit, std::move(e), event_name::exercise_updated, false);
}

decision decide_delete_exercise(const user_state& s, const delete_exercise& c, const command& cmd,
                                domain::instant now) {
  own_exercise e;
  if (auto other = locate(s, c.exercise_id, cmd, e))
    return std::move(*other);
  unit_builder unit{s, now};
  e.deleted = true;
  e.version = unit.version();
  e.updated_at = now;
  return store_exercise(unit, std::move(e), event_name::exercise_deleted, false);
}

decision decide_profile(const user_state& s, const update_profile& c, const command& cmd,
                        domain::instant now) {
  if (auto f = check_match(cmd, s.who().version))
    return std::move(*f);
  auto who = s.who();
  who.display_name = c.display_name.value_or(who.display_name);
  who.time_zone = c.time_zone.value_or(who.time_zone);
  who.unit = c.unit.value_or(who.unit);
  if (!local_date(now, who.time_zone))
    return refuse_field(
      "/time_zone", "unknown_time_zone",
      fmt::format("'{}' is not an IANA time zone, such as Europe/Berlin", who.time_zone));
  return store_profile(s, std::move(who), now);
}

decision decide_account_changed(const user_state& s, const account_changed& c,
                                domain::instant now) {
  auto who = s.who();
  who.email = c.email;
  who.email_verified = c.email_verified;
  return store_profile(s, std::move(who), now);
}

decision decide_revocation(const user_state& s, const announce_revocation& c, domain::instant now) {
  unit_builder unit{s, now};
  unit.event(
    event_name::session_revoked, domain::uuid{}, "session",
    [&c](domain::json_writer& json) { json.begin_object().member("id", c.login_id).end_object(); });
  return unit.finish(false, {});
}

} // namespace spotter::actors
