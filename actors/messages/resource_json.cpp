#include "actors/messages/resource_json.hpp"

namespace spotter::messages {

namespace {

void write_list(domain::json_writer& json, std::string_view name,
                const std::vector<std::string>& items) {
  json.key(name).begin_array();
  for (const auto& item : items)
    json.value(item);
  json.end_array();
}

} // namespace

void write(domain::json_writer& json, const own_exercise& exercise) {
  json.begin_object()
    .member("id", exercise.exercise_id)
    .member("name", exercise.name)
    .member("equipment", exercise.equipment);
  json.key("mechanic").null().key("force").null().key("category").null();
  write_list(json, "primary_muscles", exercise.primary_muscles);
  write_list(json, "secondary_muscles", exercise.secondary_muscles);
  json.member("own", true)
    .member("version", exercise.version)
    .member("created_at", exercise.created_at)
    .member("updated_at", exercise.updated_at)
    .end_object();
}

void write(domain::json_writer& json, const profile& who) {
  json.begin_object()
    .member("id", who.user_id)
    .member("email", who.email)
    .member("email_verified", who.email_verified)
    .member("display_name", who.display_name)
    .member("time_zone", who.time_zone)
    .member("unit", domain::to_string(who.unit))
    .member("role", who.role)
    .member("version", who.version)
    .member("created_at", who.created_at)
    .member("updated_at", who.updated_at)
    .end_object();
}

void write(domain::json_writer& json, const import_state& state) {
  json.begin_object().member("id", state.import_id);
  json.key("provider");
  state.provider.empty() ? json.null() : json.value(state.provider);
  json.member("file_name", state.file_name)
    .member("status", state.status)
    .key("counts")
    .begin_object()
    .member("created", state.counts.created)
    .member("updated", state.counts.updated)
    .member("unchanged", state.counts.unchanged)
    .member("failed", state.counts.failed)
    .end_object()
    .member("total", state.total)
    .member("done", state.done)
    .key("problem");
  if (state.problem_code.empty())
    json.null();
  else
    json.begin_object()
      .member("code", state.problem_code)
      .member("detail", state.problem_detail)
      .end_object();
  json.member("version", state.version)
    .member("created_at", state.created_at)
    .member("updated_at", state.updated_at)
    .end_object();
}

void write(domain::json_writer& json, const position& at) {
  json.begin_object().member("epoch", at.epoch).member("seq", at.seq).end_object();
}

void write(domain::json_writer& json, const event& what, std::string_view topic) {
  json.begin_object().member("type", "event").member("topic", topic).key("position");
  write(json, what.at_position);
  json.member("event", to_string(what.name))
    .member("at", what.at)
    .key("data")
    .raw(what.data.view())
    .end_object();
}

} // namespace spotter::messages
