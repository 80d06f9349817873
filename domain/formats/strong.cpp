#include "domain/formats/strong.hpp"

#include <algorithm>
#include <cmath>
#include <unordered_map>

namespace spotter::domain {

namespace {

/// "W", "W2", "D", "F" or a number, in any case.
std::optional<set_kind> kind_of(std::string_view order) {
  if (order.empty())
    return std::nullopt;
  auto kind = set_kind::normal;
  auto digits = order;
  switch (order.front()) {
    case 'W':
    case 'w':
      kind = set_kind::warmup;
      digits.remove_prefix(1);
      break;
    case 'D':
    case 'd':
      kind = set_kind::dropset;
      digits.remove_prefix(1);
      break;
    case 'F':
    case 'f':
      kind = set_kind::failure;
      digits.remove_prefix(1);
      break;
    default:
      break;
  }
  if (!std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; }))
    return std::nullopt;
  return kind;
}

class strong_format final : public row_format {
public:
  strong_format(column_names& names, decimal_sign sign, const file_options& options,
                note_list& notes)
    : sign_(sign), options_(options), notes_(notes) {
    std::string weight_unit_text;
    std::string distance_unit_text;
    std::string duration_unit_text;
    date_ = names.use("date");
    title_ = names.use("workout name");
    duration_ = names.use_with_unit("duration", duration_unit_text);
    if (const auto other = names.use("workout duration"); !duration_)
      duration_ = other;
    exercise_ = names.use("exercise name");
    order_ = names.use("set order");
    weight_ = names.use_with_unit("weight", weight_unit_text);
    weight_unit_ = names.use("weight unit");
    reps_ = names.use("reps");
    rpe_ = names.use("rpe");
    distance_ = names.use_with_unit("distance", distance_unit_text);
    distance_unit_ = names.use("distance unit");
    seconds_ = names.use("seconds");
    exercise_notes_ = names.use("notes");
    workout_notes_ = names.use("workout notes");
    names.use("workout #");
    header_weight_unit_ = parse_weight_unit(weight_unit_text);
    header_distance_unit_ = parse_distance_unit(distance_unit_text);
    file_.app = file_app::strong;
  }

  void read(const csv_record& record) override {
    row_reader row{record, sign_, notes_};
    auto* workout = find_workout(row);
    if (workout == nullptr)
      return;
    append_note(workout->notes, row.text(workout_notes_));
    const auto name = row.text(exercise_);
    if (name.empty()) {
      row.note(note_severity::error, "no_exercise", "the row names no exercise");
      return;
    }
    const auto order = row.text(order_);
    if (order == "Rest Timer")
      return read_rest(row, *workout, name);
    auto& exercise = find_exercise(*workout, name, row.line());
    append_note(exercise.notes, row.text(exercise_notes_));
    if (order != "Note")
      read_set(row, exercise, order);
  }

  workout_file take() override {
    // An exercise that only had a note is still something the athlete wrote down.
    return std::move(file_);
  }

private:
  parsed_workout* find_workout(row_reader& row) {
    const auto date = row.text(date_);
    const auto title = row.text(title_);
    const auto key = std::string{date} + '\n' + std::string{title};
    if (const auto it = workouts_.find(key); it != workouts_.end())
      return &file_.workouts[it->second];
    const auto start = parse_local_instant(date);
    if (!start) {
      row.note(note_severity::error, "bad_date",
               "date " + in_quotes(date) + " can't be read as a date");
      return nullptr;
    }
    workouts_.emplace(key, file_.workouts.size());
    auto& workout = file_.workouts.emplace_back();
    workout.title = title;
    workout.start = *start;
    workout.line = row.line();
    if (const auto text = row.text(duration_); !text.empty()) {
      const auto duration = parse_duration_ms(text);
      if (!duration)
        row.note(note_severity::warning, "bad_duration",
                 "duration " + in_quotes(text) + " can't be read as a duration");
      else if (*duration > 0)
        workout.duration_ms = duration;
    }
    return &workout;
  }

  static parsed_exercise* search_exercise(parsed_workout& workout, std::string_view name) {
    const auto it = std::find_if(workout.exercises.begin(), workout.exercises.end(),
                                 [name](const parsed_exercise& e) { return e.name == name; });
    return it == workout.exercises.end() ? nullptr : &*it;
  }

  static parsed_exercise& find_exercise(parsed_workout& workout, std::string_view name,
                                        std::size_t line) {
    if (auto* found = search_exercise(workout, name))
      return *found;
    auto& exercise = workout.exercises.emplace_back();
    exercise.name = name;
    exercise.line = line;
    return exercise;
  }

  void read_rest(row_reader& row, parsed_workout& workout, std::string_view name) {
    const auto seconds = row.number(seconds_, "rest", 0, static_cast<double>(most_rest_ms) / 1000);
    auto* exercise = search_exercise(workout, name);
    if (exercise == nullptr || exercise->sets.empty())
      row.note(note_severity::info, "rest_without_set", "the rest timer follows no set");
    else if (seconds && *seconds > 0)
      exercise->sets.back().rest_ms = std::llround(*seconds * 1000);
  }

  void read_set(row_reader& row, parsed_exercise& exercise, std::string_view order) {
    parsed_set set;
    set.line = row.line();
    if (const auto kind = kind_of(order))
      set.kind = *kind;
    else
      row.note(note_severity::warning, "unknown_set_kind",
               "set order " + in_quotes(order) + " is not known; read as a normal set");
    read_weight(row, set);
    read_distance(row, set);
    const auto seconds =
      row.number(seconds_, "seconds", 0, static_cast<double>(most_duration_ms) / 1000);
    if (seconds && *seconds > 0)
      set.duration_ms = std::llround(*seconds * 1000);
    set.reps = row.count(reps_, "reps", most_reps);
    if (set.reps == 0 && !set.weight && (set.distance_m || set.duration_ms || distance_lost_))
      set.reps.reset();
    set.rpe = row.rpe(rpe_);
    exercise.sets.push_back(set);
  }

  void read_weight(row_reader& row, parsed_set& set) {
    const auto value = row.number(weight_, "weight", 0, 10'000);
    if (!value || *value == 0)
      return;
    auto unit = header_weight_unit_;
    if (const auto text = row.text(weight_unit_); !text.empty()) {
      unit = text == "kgs" ? weight_unit::kg : parse_weight_unit(text);
      if (!unit) {
        row.note(note_severity::warning, "unknown_weight_unit",
                 "weight unit " + in_quotes(text) + " is not known; the weight was left out");
        return;
      }
    }
    if (!unit)
      unit = options_.weight;
    set_weight(row, set, *value, unit);
    file_.needs_weight_unit |= set.weight && !unit;
  }

  void read_distance(row_reader& row, parsed_set& set) {
    distance_lost_ = false;
    const auto value = row.number(distance_, "distance", 0, most_distance_m);
    if (!value || *value == 0)
      return;
    auto unit = header_distance_unit_;
    const auto text = row.text(distance_unit_);
    if (!text.empty())
      unit = parse_distance_unit(text);
    else if (!unit)
      unit = options_.distance;
    const auto metres = unit ? *value * metres_in(*unit) : 0;
    if (unit && metres <= most_distance_m) {
      set.distance_m = metres;
      return;
    }
    distance_lost_ = true;
    file_.needs_distance_unit |= !unit && text.empty();
    const auto subject = "distance " + in_quotes(row.text(distance_));
    if (unit)
      row.note(note_severity::warning, "out_of_range", subject + " is above 1,000 km");
    else
      row.note(note_severity::warning, "unknown_distance_unit",
               subject + " has no unit that is known; it was left out");
  }

  decimal_sign sign_;
  file_options options_;
  note_list& notes_;
  column date_, title_, duration_, exercise_, order_, weight_, weight_unit_, reps_, rpe_, distance_,
    distance_unit_, seconds_, exercise_notes_, workout_notes_;
  std::optional<weight_unit> header_weight_unit_;
  std::optional<distance_unit> header_distance_unit_;
  bool distance_lost_ = false; // the row has a distance that could not be taken
  workout_file file_;
  std::unordered_map<std::string, std::size_t> workouts_; // date and title → index
};

} // namespace

bool is_strong(const column_names& names) {
  return names.has("date") && names.has("exercise name") && names.has("set order");
}

std::unique_ptr<row_format> make_strong_format(column_names& names, decimal_sign sign,
                                               const file_options& options, note_list& notes) {
  return std::make_unique<strong_format>(names, sign, options, notes);
}

} // namespace spotter::domain
