#include "persistence/repository/workout_rows.hpp"

#include <algorithm>
#include <initializer_list>

namespace spotter::persistence {

namespace {

// Joins "<of>.<column>" for each; '$' in a column stands for "<of>.".
std::string list(std::string_view of, std::initializer_list<std::string_view> columns) {
  std::string out;
  for (const auto column : columns) {
    if (!out.empty())
      out += ", ";
    if (column.find('$') == std::string_view::npos) {
      out += of;
      out += '.';
      out += column;
      continue;
    }
    for (const char c : column) {
      if (c != '$') {
        out += c;
        continue;
      }
      out += of;
      out += '.';
    }
  }
  return out;
}

// Weights are stored whole or not at all.
std::optional<domain::weight> read_weight(row_reader& row) {
  const auto value = row.optional(&row_reader::real);
  const auto unit = row.optional(&row_reader::integer);
  if (!value || !unit)
    return std::nullopt;
  return domain::weight{*value, static_cast<domain::weight_unit>(*unit)};
}

std::optional<domain::weight> read_target_weight(row_reader& row) {
  const auto value = row.optional(&row_reader::real);
  const auto unit = domain::parse_weight_unit(row.text_or_empty());
  if (!value || !unit)
    return std::nullopt;
  return domain::weight{*value, *unit};
}

template <class ReadWeight>
domain::effort read_effort(row_reader& row, ReadWeight&& weight) {
  domain::effort out;
  out.reps = row.optional(&row_reader::integer);
  out.weight = weight(row);
  out.rpe = row.optional(&row_reader::real);
  out.rir = row.optional(&row_reader::integer);
  out.distance_m = row.optional(&row_reader::real);
  out.duration_ms = row.optional(&row_reader::bigint);
  out.rest_ms = row.optional(&row_reader::bigint);
  return out;
}

} // namespace

std::string workout_columns(std::string_view of) {
  return list(of, {"workout_id", "title", "state", "started_at", "finished_at", "time_zone",
                   "local_date", "notes", "source_provider", "source_external_id", "source_hash",
                   "first_seq", "version", "created_at", "updated_at", "$deleted_at IS NOT NULL"});
}

domain::workout read_workout_row(row_reader& row) {
  domain::workout w;
  w.workout_id = row.id();
  w.title = row.text();
  w.state = static_cast<domain::workout_state>(row.integer());
  w.started_at = row.at();
  w.finished_at = row.optional(&row_reader::at);
  w.time_zone = row.text();
  w.local_date = row.text();
  w.notes = row.text();
  if (row.at_null())
    row.skip(3);
  else {
    auto& source = w.source.emplace();
    source.provider = row.text();
    source.external_id = row.text();
    source.payload_hash = row.text();
  }
  w.first_seq = row.bigint();
  w.version = row.bigint();
  w.created_at = row.at();
  w.updated_at = row.at();
  w.deleted = row.flag();
  return w;
}

std::string instance_columns(std::string_view of) {
  return list(of, {"exercise_instance_id", "workout_id", "coalesce($exercise_id, $own_exercise_id)",
                   "$own_exercise_id IS NOT NULL", "position", "superset", "notes", "version",
                   "$deleted_at IS NOT NULL"});
}

instance_row read_instance_row(row_reader& row) {
  instance_row out;
  auto& i = out.instance;
  i.instance_id = row.id();
  i.workout_id = row.id();
  i.exercise_id = row.id();
  i.own_exercise = row.flag();
  i.position = row.integer();
  i.superset = row.optional(&row_reader::integer);
  i.notes = row.text();
  i.version = row.bigint();
  out.deleted = row.flag();
  return out;
}

std::string set_columns(std::string_view of) {
  return list(of, {"set_id",
                   "workout_id",
                   "exercise_instance_id",
                   "position",
                   "kind",
                   "reps",
                   "weight_value",
                   "weight_unit",
                   "rpe",
                   "rir",
                   "distance_m",
                   "duration_ms",
                   "rest_ms",
                   "$target IS NOT NULL",
                   "$target ->> 'reps'",
                   "$target #>> '{weight,value}'",
                   "$target #>> '{weight,unit}'",
                   "$target ->> 'rpe'",
                   "$target ->> 'rir'",
                   "$target ->> 'distance_m'",
                   "$target ->> 'duration_ms'",
                   "$target ->> 'rest_ms'",
                   "completed_at",
                   "version",
                   "created_at",
                   "updated_at",
                   "$deleted_at IS NOT NULL"});
}

domain::set_record read_set_row(row_reader& row) {
  domain::set_record s;
  s.set_id = row.id();
  s.workout_id = row.id();
  s.exercise_instance_id = row.id();
  s.position = row.integer();
  s.kind = static_cast<domain::set_kind>(row.integer());
  s.actual = read_effort(row, read_weight);
  if (row.flag())
    s.target = read_effort(row, read_target_weight);
  else
    row.skip(8);
  s.completed_at = row.at();
  s.version = row.bigint();
  s.created_at = row.at();
  s.updated_at = row.at();
  s.deleted = row.flag();
  return s;
}

domain::workout* workout_assembly::find(const domain::uuid& workout_id) {
  for (auto& w : workouts_)
    if (w.workout_id == workout_id)
      return &w;
  return nullptr;
}

void workout_assembly::add(instance_row row) {
  auto* w = find(row.instance.workout_id);
  if (!w)
    return;
  w->version = std::max(w->version, row.instance.version);
  if (!row.deleted)
    w->exercises.push_back(std::move(row.instance));
}

void workout_assembly::add(domain::set_record set) {
  auto* w = find(set.workout_id);
  if (!w)
    return;
  w->version = std::max(w->version, set.version);
  for (auto& instance : w->exercises)
    if (instance.instance_id == set.exercise_instance_id) {
      instance.sets.push_back(std::move(set));
      return;
    }
}

bool workout_assembly::add_from(row_reader& row) {
  if (!row.at_null()) {
    add(read_workout_row(row));
    return true;
  }
  row.skip(workout_column_count);
  if (!row.at_null()) {
    add(read_instance_row(row));
    return true;
  }
  row.skip(instance_column_count);
  if (row.at_null())
    return false;
  add(read_set_row(row));
  return true;
}

} // namespace spotter::persistence
