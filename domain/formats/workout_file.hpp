#pragma once

#include "domain/expected.hpp"
#include "domain/formats/field_values.hpp"
#include "domain/weight.hpp"
#include "domain/workout.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spotter::domain {

/// The app that wrote a file.
enum class file_app : std::uint8_t { strong = 1, hevy };

/// "strong" or "hevy": the provider of what is imported.
[[nodiscard]] std::string_view to_string(file_app app) noexcept;

/// The unit of distances in a file that does not say.
enum class distance_unit : std::uint8_t { metres = 1, kilometres, miles, yards, feet };

/// The length of one unit in metres.
[[nodiscard]] double metres_in(distance_unit unit) noexcept;

/// Reads m, meters, metres, km, mi, miles, yd, ft and the like in any case; else nullopt.
[[nodiscard]] std::optional<distance_unit> parse_distance_unit(std::string_view text);

/// How much a row note matters.
enum class note_severity : std::uint8_t {
  info = 1, // nothing was lost
  warning,  // a field was left out
  error,    // a row was left out
};

/// "info", "warning" or "error".
[[nodiscard]] std::string_view to_string(note_severity severity) noexcept;

/// Something in a file that was not understood, or not taken as it stands.
struct row_note {
  std::size_t line = 0; // 1-based
  note_severity severity = note_severity::warning;
  std::string code;    // stable, snake_case
  std::string message; // English, quotes what stands in the file

  friend bool operator==(const row_note&, const row_note&) = default;
};

/// A weight whose unit may have to be asked for.
struct parsed_weight {
  double value = 0;
  std::optional<weight_unit> unit;

  friend bool operator==(const parsed_weight&, const parsed_weight&) = default;
};

/// One set as the file has it. Absent means not measured; values are within the bounds of `effort`.
struct parsed_set {
  set_kind kind = set_kind::normal;
  std::optional<std::int32_t> reps;
  std::optional<parsed_weight> weight;
  std::optional<double> rpe;
  std::optional<double> distance_m;
  std::optional<std::int64_t> duration_ms;
  std::optional<std::int64_t> rest_ms;
  std::size_t line = 0; // 1-based line of its row

  friend bool operator==(const parsed_set&, const parsed_set&) = default;
};

/// One exercise of a workout, with its sets in the order of the file.
struct parsed_exercise {
  std::string name;
  std::optional<std::int32_t> superset; // equal numbers of one workout belong together
  std::string notes;
  std::vector<parsed_set> sets;
  std::size_t line = 0;

  friend bool operator==(const parsed_exercise&, const parsed_exercise&) = default;
};

/// One workout, by the wall clock of wherever the athlete was.
struct parsed_workout {
  std::string title;
  local_instant start;
  std::optional<local_instant> end;        // Hevy says when it ended,
  std::optional<std::int64_t> duration_ms; // Strong how long it took
  std::string notes;
  std::vector<parsed_exercise> exercises;
  std::size_t line = 0;

  friend bool operator==(const parsed_workout&, const parsed_workout&) = default;
};

/// All that was read from a file.
struct workout_file {
  file_app app = file_app::strong;
  char delimiter = ',';
  std::size_t rows = 0; // data rows, pseudo-rows and unreadable ones included
  /// Some weight above 0 has no unit: the athlete must say which it is before it can be stored.
  bool needs_weight_unit = false;
  /// Some distance was left out because the file does not say its unit.
  bool needs_distance_unit = false;
  std::vector<parsed_workout> workouts; // in the order of the file
  std::vector<row_note> notes;          // by line; at most `most_row_notes`, the last says so
};

/// After this many notes the rest is only counted.
inline constexpr std::size_t most_row_notes = 10'000;

/// Why a file holds nothing that can be imported.
enum class file_fault : std::uint8_t {
  empty_file = 1,     // no bytes, or blank lines only
  not_text,           // binary: a zero byte, a ZIP
  not_csv,            // HTML, XML, JSON
  damaged,            // the CSV breaks off within quotes, or goes beyond all limits
  unknown_format,     // a CSV, but none whose columns are known
  unsupported_format, // a known app's file that can't be read yet
  no_rows,            // the header alone, or no row that could be read
  too_many_rows,      // more than `file_options::most_rows`
};

/// The stable snake_case code, as above.
[[nodiscard]] std::string_view to_string(file_fault fault) noexcept;

/// A fault in words for the athlete.
struct file_failure {
  file_fault fault;
  std::size_t line; // 1-based; 0 when it is not about a line
  std::string message;
};

/// What the athlete said about the file, and how much of it is read.
struct file_options {
  std::optional<weight_unit> weight{};     // for weights whose unit the file does not say
  std::optional<distance_unit> distance{}; // for distances whose unit the file does not say
  std::size_t most_rows = 500'000;
};

/// Reads a whole Strong or Hevy export; which one is told by the names of the columns, in any order.
[[nodiscard]] expected<workout_file, file_failure> parse_workout_file(
  std::string_view bytes, const file_options& options = {});

/// What identifies a workout within its app: the start and the title, since neither app exports an
/// id. The same in every export of the same workout, e.g. `2025-05-05T18:00:01/Upper`.
[[nodiscard]] std::string external_id(const parsed_workout& workout);

} // namespace spotter::domain
