#pragma once

#include "domain/formats/rows.hpp"

#include <memory>

namespace spotter::domain {

/// True for the columns of an export of Strong, in any of its forms: one row per set, with the
/// columns Date, Exercise Name and Set Order.
[[nodiscard]] bool is_strong(const column_names& names);

/// Reads Strong's rows. Rows of one date and workout name make a workout, rows of one name in it an
/// exercise. Set Order may be a number, W (warm-up), D (drop set) or F (failure); the pseudo-rows
/// `Rest Timer` and `Note` add to the set and the exercise before them. Strong writes 0 where nothing
/// was measured, so zeros are absent, except that a set always has repetitions, distance or time.
/// `notes` must outlive the format.
[[nodiscard]] std::unique_ptr<row_format> make_strong_format(column_names& names, decimal_sign sign,
                                                             const file_options& options,
                                                             note_list& notes);

} // namespace spotter::domain
