#include "domain/json.hpp"

#include <charconv>
#include <cmath>

namespace spotter::domain {

void append_escaped(std::string& out, std::string_view text) {
  std::size_t plain = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\')
      continue;
    out.append(text, plain, i - plain);
    plain = i + 1;
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default: {
        constexpr char hex[] = "0123456789abcdef";
        out += "\\u00";
        out += hex[c >> 4];
        out += hex[c & 0x0f];
      }
    }
  }
  out.append(text, plain, text.size() - plain);
}

void json_writer::separate() {
  if (comma_)
    out_ += ',';
  comma_ = true;
}

json_writer& json_writer::open(char c) {
  separate();
  out_ += c;
  comma_ = false;
  return *this;
}

json_writer& json_writer::close(char c) {
  out_ += c;
  comma_ = true;
  return *this;
}

json_writer& json_writer::key(std::string_view name) {
  separate();
  out_ += '"';
  out_ += name;
  out_ += "\":";
  comma_ = false;
  return *this;
}

json_writer& json_writer::value(std::string_view text) {
  separate();
  out_ += '"';
  append_escaped(out_, text);
  out_ += '"';
  return *this;
}

json_writer& json_writer::value(std::int64_t number) {
  separate();
  char text[24];
  const auto end = std::to_chars(text, text + sizeof text, number).ptr;
  out_.append(text, static_cast<std::size_t>(end - text));
  return *this;
}

json_writer& json_writer::value(double number) {
  if (!std::isfinite(number))
    return null();
  separate();
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, number).ptr;
  out_.append(text, static_cast<std::size_t>(end - text));
  return *this;
}

json_writer& json_writer::value(bool flag) {
  separate();
  out_ += flag ? "true" : "false";
  return *this;
}

json_writer& json_writer::value(const uuid& id) {
  separate();
  out_ += '"';
  append(out_, id);
  out_ += '"';
  return *this;
}

json_writer& json_writer::value(instant at) {
  separate();
  out_ += '"';
  append_rfc3339(out_, at);
  out_ += '"';
  return *this;
}

json_writer& json_writer::null() {
  separate();
  out_ += "null";
  return *this;
}

json_writer& json_writer::raw(std::string_view json) {
  separate();
  out_ += json;
  return *this;
}

void write_members(json_writer& json, const effort& e) {
  json.member_if("reps", e.reps);
  if (e.weight)
    json.key("weight")
      .begin_object()
      .member("value", e.weight->value)
      .member("unit", to_string(e.weight->unit))
      .end_object();
  json.member_if("rpe", e.rpe)
    .member_if("rir", e.rir)
    .member_if("distance_m", e.distance_m)
    .member_if("duration_ms", e.duration_ms)
    .member_if("rest_ms", e.rest_ms);
}

void write(json_writer& json, const effort& e) {
  json.begin_object();
  write_members(json, e);
  json.end_object();
}

void write(json_writer& json, const set_record& set, const uuid& exercise_id) {
  json.begin_object()
    .member("id", set.set_id)
    .member("workout_id", set.workout_id)
    .member("exercise_instance_id", set.exercise_instance_id)
    .member("exercise_id", exercise_id)
    .member("position", set.position)
    .member("kind", to_string(set.kind));
  write_members(json, set.actual);
  if (set.target) {
    json.key("target");
    write(json, *set.target);
  }
  json.member("completed_at", set.completed_at)
    .member("version", set.version)
    .member("created_at", set.created_at)
    .member("updated_at", set.updated_at)
    .end_object();
}

void write(json_writer& json, const workout& w, bool full) {
  json.begin_object();
  write_members(json, w, full);
  json.end_object();
}

void write_members(json_writer& json, const workout& w, bool full) {
  json.member("id", w.workout_id)
    .member("title", w.title)
    .member("state", to_string(w.state))
    .member("started_at", w.started_at);
  json.key("finished_at");
  w.finished_at ? json.value(*w.finished_at) : json.null();
  json.member("time_zone", w.time_zone).member("local_date", w.local_date).member("notes", w.notes);
  if (w.source)
    json.key("source")
      .begin_object()
      .member("provider", w.source->provider)
      .member("external_id", w.source->external_id)
      .end_object();
  json.member("version", w.version)
    .member("created_at", w.created_at)
    .member("updated_at", w.updated_at);
  if (full) {
    json.key("exercises").begin_array();
    for (const auto& instance : w.exercises) {
      json.begin_object()
        .member("id", instance.instance_id)
        .member("exercise_id", instance.exercise_id)
        .member("position", instance.position);
      json.key("superset");
      instance.superset ? json.value(*instance.superset) : json.null();
      json.member("notes", instance.notes).key("sets").begin_array();
      for (const auto& set : instance.sets)
        if (!set.deleted)
          write(json, set, instance.exercise_id);
      json.end_array().end_object();
    }
    json.end_array();
  }
}

void write(json_writer& json, const personal_record& record) {
  json.begin_object()
    .member("exercise_id", record.exercise_id)
    .member("kind", to_string(record.kind))
    .member("value", record.value)
    .member("set_id", record.set_id)
    .member("achieved_at", record.achieved_at)
    .end_object();
}

void write(json_writer& json, const workout_summary& summary) {
  json.begin_object()
    .member("sets", summary.sets)
    .member("reps", summary.reps)
    .member("volume_kg", static_cast<double>(summary.volume_g) / 1000)
    .member("exercises", summary.exercises)
    .end_object();
}

} // namespace spotter::domain
