#include "domain/formats/hevy.hpp"

#include <cmath>
#include <limits>
#include <unordered_map>

namespace spotter::domain {

namespace {

struct weight_column {
  std::string_view name;
  std::optional<weight_unit> unit;
};

struct distance_column {
  std::string_view name;
  std::optional<distance_unit> unit;
};

constexpr weight_column weight_columns[] = {{"weight_kg", weight_unit::kg},
                                            {"weight_lbs", weight_unit::lb},
                                            {"weight_lb", weight_unit::lb},
                                            {"weight", std::nullopt}};

constexpr distance_column distance_columns[] = {{"distance_km", distance_unit::kilometres},
                                                {"distance_miles", distance_unit::miles},
                                                {"distance_meters", distance_unit::metres},
                                                {"distance", std::nullopt}};

class hevy_format final : public row_format {
public:
  hevy_format(column_names& names, decimal_sign sign, const file_options& options, note_list& notes)
    : sign_(sign), notes_(notes), weight_unit_(options.weight), distance_unit_(options.distance) {
    title_ = names.use("title");
    start_ = names.use("start_time");
    end_ = names.use("end_time");
    description_ = names.use("description");
    exercise_ = names.use("exercise_title");
    superset_ = names.use("superset_id");
    exercise_notes_ = names.use("exercise_notes");
    index_ = names.use("set_index");
    type_ = names.use("set_type");
    reps_ = names.use("reps");
    duration_ = names.use("duration_seconds");
    rpe_ = names.use("rpe");
    for (const auto& candidate : weight_columns) {
      if (weight_)
        break;
      if ((weight_ = names.use(candidate.name)) && candidate.unit)
        weight_unit_ = candidate.unit;
    }
    for (const auto& candidate : distance_columns) {
      if (distance_)
        break;
      if ((distance_ = names.use(candidate.name)) && candidate.unit)
        distance_unit_ = candidate.unit;
    }
    file_.app = file_app::hevy;
  }

  void read(const csv_record& record) override {
    row_reader row{record, sign_, notes_};
    auto* workout = find_workout(row);
    if (workout == nullptr)
      return;
    append_note(workout->notes, row.text(description_));
    const auto name = row.text(exercise_);
    if (name.empty()) {
      row.note(note_severity::error, "no_exercise", "the row names no exercise");
      return;
    }
    auto& exercise = find_exercise(row, *workout, name);
    append_note(exercise.notes, row.text(exercise_notes_));
    read_set(row, exercise);
  }

  workout_file take() override { return std::move(file_); }

private:
  parsed_workout* find_workout(row_reader& row) {
    const auto title = row.text(title_);
    const auto start_text = row.text(start_);
    const auto end_text = row.text(end_);
    auto key = std::string{title};
    key.append(1, '\n').append(start_text).append(1, '\n').append(end_text);
    if (const auto it = workouts_.find(key); it != workouts_.end())
      return enter(it->second);
    const auto start = parse_local_instant(start_text);
    if (!start) {
      row.note(note_severity::error, "bad_date",
               "start time " + in_quotes(start_text) + " can't be read as a date");
      return nullptr;
    }
    const auto at = file_.workouts.size();
    workouts_.emplace(std::move(key), at);
    auto& workout = file_.workouts.emplace_back();
    workout.title = title;
    workout.start = *start;
    workout.line = row.line();
    if (!end_text.empty()) {
      const auto end = parse_local_instant(end_text);
      if (!end)
        row.note(note_severity::warning, "bad_date",
                 "end time " + in_quotes(end_text) + " can't be read as a date");
      else if (*end < *start)
        row.note(note_severity::warning, "ends_before_start",
                 "end time " + in_quotes(end_text) + " is before the start");
      else
        workout.end = end;
    }
    return enter(at);
  }

  parsed_workout* enter(std::size_t at) {
    same_workout_ = at == current_;
    current_ = at;
    return &file_.workouts[at];
  }

  parsed_exercise& find_exercise(row_reader& row, parsed_workout& workout, std::string_view name) {
    const auto superset = row.count(superset_, "superset", std::numeric_limits<int>::max());
    const auto index = row.count(index_, "set index", most_reps);
    const bool goes_on = same_workout_ && !workout.exercises.empty()
                         && workout.exercises.back().name == name
                         && workout.exercises.back().superset == superset
                         && (!index || !last_index_ || *index > *last_index_);
    last_index_ = index;
    if (goes_on)
      return workout.exercises.back();
    auto& exercise = workout.exercises.emplace_back();
    exercise.name = name;
    exercise.superset = superset;
    exercise.line = row.line();
    return exercise;
  }

  void read_set(row_reader& row, parsed_exercise& exercise) {
    parsed_set set;
    set.line = row.line();
    if (const auto type = row.text(type_); !type.empty()) {
      if (const auto kind = parse_set_kind(type))
        set.kind = *kind;
      else
        row.note(note_severity::warning, "unknown_set_kind",
                 "set type " + in_quotes(type) + " is not known; read as a normal set");
    }
    set.reps = row.count(reps_, "reps", most_reps);
    if (const auto weight = row.number(weight_, "weight", 0, 10'000)) {
      set_weight(row, set, *weight, weight_unit_);
      file_.needs_weight_unit |= set.weight && *weight > 0 && !weight_unit_;
    }
    read_distance(row, set);
    // Hevy writes 0 seconds beside every set that was not timed.
    const auto seconds =
      row.number(duration_, "duration", 0, static_cast<double>(most_duration_ms) / 1000);
    if (seconds && *seconds > 0)
      set.duration_ms = std::llround(*seconds * 1000);
    set.rpe = row.rpe(rpe_);
    exercise.sets.push_back(set);
  }

  void read_distance(row_reader& row, parsed_set& set) {
    const auto value = row.number(distance_, "distance", 0, most_distance_m);
    if (!value || *value == 0)
      return;
    const auto subject = "distance " + in_quotes(row.text(distance_));
    if (!distance_unit_) {
      file_.needs_distance_unit = true;
      row.note(note_severity::warning, "unknown_distance_unit",
               subject + " has no unit; it was left out");
    } else if (const auto metres = *value * metres_in(*distance_unit_); metres <= most_distance_m) {
      set.distance_m = metres;
    } else {
      row.note(note_severity::warning, "out_of_range", subject + " is above 1,000 km");
    }
  }

  decimal_sign sign_;
  note_list& notes_;
  column title_, start_, end_, description_, exercise_, superset_, exercise_notes_, index_, type_,
    weight_, reps_, distance_, duration_, rpe_;
  std::optional<weight_unit> weight_unit_;
  std::optional<distance_unit> distance_unit_;
  workout_file file_;
  std::unordered_map<std::string, std::size_t> workouts_; // title, start and end → index
  std::size_t current_ = std::numeric_limits<std::size_t>::max();
  bool same_workout_ = false; // the row before was of the same workout
  std::optional<std::int32_t> last_index_;
};

} // namespace

bool is_hevy(const column_names& names) {
  return names.has("title") && names.has("start_time") && names.has("exercise_title");
}

std::unique_ptr<row_format> make_hevy_format(column_names& names, decimal_sign sign,
                                             const file_options& options, note_list& notes) {
  return std::make_unique<hevy_format>(names, sign, options, notes);
}

} // namespace spotter::domain
