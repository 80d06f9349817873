// Any bytes at all must be read or refused: no crash, no endless loop, no text that is not UTF-8.
#include "domain/formats/csv.hpp"
#include "domain/formats/utf8.hpp"
#include "domain/formats/workout_file.hpp"

#include <cstdlib>

using namespace spotter::domain;

namespace {

void demand(bool holds) {
  if (!holds)
    std::abort();
}

void check_text(const std::string& text) {
  demand(is_utf8(text));
}

/// Cutting the stream must not change what is read.
std::size_t count_records(std::string_view bytes, std::size_t step) {
  csv_reader reader{{4096, 16'384, 64}};
  std::size_t records = 0;
  std::size_t line = 0;
  const csv_reader::sink out = [&](csv_record&& record) {
    demand(record.line > line && !record.fields.empty() && record.fields.size() <= 64);
    line = record.line;
    for (const auto& field : record.fields)
      check_text(field);
    ++records;
    return true;
  };
  while (!bytes.empty()) {
    if (reader.feed(bytes.substr(0, step), out))
      return records;
    bytes.remove_prefix(std::min(step, bytes.size()));
  }
  static_cast<void>(reader.finish(out));
  return records;
}

void check_file(std::string_view bytes, const file_options& options) {
  const auto file = parse_workout_file(bytes, options);
  if (!file) {
    demand(!file.error().message.empty());
    check_text(file.error().message);
    return;
  }
  demand(!file->workouts.empty() && file->notes.size() <= most_row_notes);
  for (const auto& note : file->notes)
    check_text(note.message);
  for (const auto& workout : file->workouts) {
    check_text(workout.notes);
    check_text(external_id(workout));
    for (const auto& exercise : workout.exercises) {
      demand(!exercise.name.empty());
      check_text(exercise.name);
      for (const auto& set : exercise.sets) {
        demand(!set.reps || (*set.reps >= 0 && *set.reps <= 10'000));
        demand(!set.rpe || (*set.rpe >= 1 && *set.rpe <= 10));
        demand(!set.weight || set.weight->value >= 0);
        demand(!set.distance_m || (*set.distance_m > 0 && *set.distance_m <= 1e6));
        demand(!set.duration_ms || *set.duration_ms > 0);
      }
    }
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes{reinterpret_cast<const char*>(data), size};
  demand(count_records(bytes, std::string_view::npos) == count_records(bytes, 7));
  check_file(bytes, {});
  check_file(bytes, {weight_unit::lb, distance_unit::miles, 1000});
  return 0;
}
