#pragma once

#include "domain/formats/csv.hpp"
#include "domain/formats/workout_file.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spotter::domain {

/// Where a column stands in each row; nullopt when the file does not have it.
using column = std::optional<std::size_t>;

/// The names in a file's first row, compared without case and surrounding blanks.
class column_names {
public:
  explicit column_names(const csv_record& header);

  /// The first column of this lower-case name.
  [[nodiscard]] column find(std::string_view name) const;

  /// Like `find`, and remembers that somebody reads the column.
  column use(std::string_view name);

  /// A column named `base` or `base(unit)`; the unit's text goes to `unit`, if there is one.
  column use_with_unit(std::string_view base, std::string& unit);

  [[nodiscard]] bool has(std::string_view name) const { return find(name).has_value(); }
  [[nodiscard]] std::size_t size() const noexcept { return names_.size(); }

  /// The columns that nobody reads, as the file spells them.
  [[nodiscard]] std::vector<std::string> unused() const;

  /// The first few names, for messages.
  [[nodiscard]] std::string listed() const;

private:
  std::vector<std::string> written_; // as in the file
  std::vector<std::string> names_;   // lower case, trimmed
  std::vector<bool> used_;
};

/// Collects row notes up to `most_row_notes`.
class note_list {
public:
  void add(std::size_t line, note_severity severity, std::string code, std::string message);

  /// The notes by line; the last one tells how many were left out, if any.
  [[nodiscard]] std::vector<row_note> take() &&;

private:
  std::vector<row_note> notes_;
  std::size_t left_out_ = 0;
};

/// What stands in a file, in quotes and cut to a length that fits a message.
[[nodiscard]] std::string in_quotes(std::string_view text);

/// Reads the fields of one row. What can't be read or is out of bounds becomes a note, and the value
/// stays absent; so does an empty field, without a note.
class row_reader {
public:
  row_reader(const csv_record& record, decimal_sign sign, note_list& notes)
    : record_(record), sign_(sign), notes_(notes) {}

  [[nodiscard]] std::size_t line() const noexcept { return record_.line; }

  /// The trimmed text; empty when there is no such column or field.
  [[nodiscard]] std::string_view text(column at) const;

  /// A number from `low` to `high`; `what` names it in notes.
  std::optional<double> number(column at, std::string_view what, double low, double high);

  /// A whole number from 0 to `high`.
  std::optional<std::int32_t> count(column at, std::string_view what, std::int32_t high);

  /// A rating of perceived exertion: 1 to 10 in halves.
  std::optional<double> rpe(column at);

  /// Adds a note about this row.
  void note(note_severity severity, std::string code, std::string message) {
    notes_.add(record_.line, severity, std::move(code), std::move(message));
  }

private:
  const csv_record& record_;
  decimal_sign sign_;
  note_list& notes_;
};

/// The largest distance in metres and time in milliseconds of a set, and rest after it.
inline constexpr double most_distance_m = 1'000'000;
inline constexpr std::int64_t most_duration_ms = 7LL * 24 * 3600 * 1000;
inline constexpr std::int64_t most_rest_ms = 24LL * 3600 * 1000;
inline constexpr std::int32_t most_reps = 10'000;

/// Puts a weight as entered into `set` if it is within bounds.
void set_weight(row_reader& row, parsed_set& set, double value, std::optional<weight_unit> unit);

/// Appends `text` to notes gathered from several rows, unless it is in them already.
void append_note(std::string& notes, std::string_view text);

/// Reads the rows of one app's files. Made for one file.
class row_format {
public:
  virtual ~row_format() = default;

  /// Takes the next data row.
  virtual void read(const csv_record& record) = 0;

  /// Gives out what was read, without the notes.
  virtual workout_file take() = 0;
};

} // namespace spotter::domain
