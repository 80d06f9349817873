#pragma once

#include "domain/workout.hpp"
#include "persistence/repository/row_reader.hpp"

#include <string>
#include <string_view>
#include <vector>

// The rows of a workout, its instances and its sets: the lists of columns that statements select,
// and what reads them in that order.

namespace spotter::persistence {

/// Columns of a workout's own row; `of` is a table's alias, or a composite column in parentheses.
/// Where the composite is null, the first column is.
[[nodiscard]] std::string workout_columns(std::string_view of);
inline constexpr int workout_column_count = 16;
[[nodiscard]] domain::workout read_workout_row(row_reader& row);

/// An instance's own row.
struct instance_row {
  domain::exercise_instance instance;
  bool deleted = false;
};
[[nodiscard]] std::string instance_columns(std::string_view of);
inline constexpr int instance_column_count = 9;
[[nodiscard]] instance_row read_instance_row(row_reader& row);

[[nodiscard]] std::string set_columns(std::string_view of);
inline constexpr int set_column_count = 27;
[[nodiscard]] domain::set_record read_set_row(row_reader& row);

/// Puts workouts together from their rows: first workouts, then instances, then sets, each in
/// order. Deleted instances are left out with their sets, deleted sets are kept and flagged; both
/// count for the workout's version.
class workout_assembly {
public:
  void add(domain::workout workout) { workouts_.push_back(std::move(workout)); }
  void add(instance_row row);
  void add(domain::set_record set);

  /// Reads the three composite columns of which one is not null; false if all are.
  bool add_from(row_reader& row);

  [[nodiscard]] std::vector<domain::workout> take() { return std::move(workouts_); }

private:
  domain::workout* find(const domain::uuid& workout_id);

  std::vector<domain::workout> workouts_;
};

} // namespace spotter::persistence
