#pragma once

#include "domain/formats/rows.hpp"

#include <memory>

namespace spotter::domain {

/// True for the columns of an export of Hevy: title, start_time and exercise_title.
[[nodiscard]] bool is_hevy(const column_names& names);

/// Reads Hevy's rows. Rows of one title, start and end make a workout; rows that follow each other
/// with one exercise title and superset, and a set index that grows, make an exercise. The unit of
/// weights and distances stands in the column's name. `notes` must outlive the format.
[[nodiscard]] std::unique_ptr<row_format> make_hevy_format(column_names& names, decimal_sign sign,
                                                           const file_options& options,
                                                           note_list& notes);

} // namespace spotter::domain
