#include "domain/formats/workout_file.hpp"

#include "domain/formats/hevy.hpp"
#include "domain/formats/strong.hpp"

#include <array>
#include <cstdio>
#include <memory>

namespace spotter::domain {

namespace {

/// What the first bytes say when the file is no CSV at all.
std::optional<file_failure> refuse_by_content(std::string_view bytes) {
  if (bytes.starts_with("PK\x03\x04") || bytes.starts_with("\x1f\x8b"))
    return file_failure{file_fault::not_text, 0,
                        "The file is compressed; unpack it and send the CSV in it."};
  if (bytes.starts_with("\xff\xfe") || bytes.starts_with("\xfe\xff"))
    return file_failure{file_fault::not_text, 1,
                        "The file is UTF-16; save it as UTF-8 and send it again."};
  if (bytes.starts_with("\xef\xbb\xbf"))
    bytes.remove_prefix(3);
  const auto text = trim(bytes.substr(0, 1024));
  if (text.empty() && trim(bytes).empty())
    return file_failure{file_fault::empty_file, 0, "The file is empty."};
  if (text.starts_with('<'))
    return file_failure{file_fault::not_csv, 1, "The file is a web page or XML, not a CSV export."};
  if (text.starts_with('{') || text.starts_with('['))
    return file_failure{file_fault::not_csv, 1, "The file is JSON, not a CSV export."};
  return std::nullopt;
}

file_failure explain(const csv_failure& failure) {
  const auto on_line = " on line " + std::to_string(failure.line);
  switch (failure.fault) {
    case csv_fault::nul_byte:
      return {file_fault::not_text, failure.line,
              "The file is not text: it has a zero byte" + on_line + "."};
    case csv_fault::unterminated_quote:
      return {file_fault::damaged, failure.line,
              "The file breaks off within quotes that open" + on_line + "."};
    case csv_fault::field_too_long:
    case csv_fault::record_too_long:
    case csv_fault::too_many_fields:
      break;
  }
  return {file_fault::damaged, failure.line,
          "The row" + on_line + " is far too long; quotes may be missing there."};
}

/// Reads one file: the first record names the columns, the others are rows.
class file_reader {
public:
  explicit file_reader(const file_options& options) : options_(options) {}

  expected<workout_file, file_failure> read(std::string_view bytes) {
    const csv_reader::sink take = [this](csv_record&& record) { return take_record(record); };
    auto broken = reader_.feed(bytes, take);
    if (!broken)
      broken = reader_.finish(take);
    if (broken)
      return explain(*broken);
    if (failure_)
      return *failure_;
    if (!format_)
      return file_failure{file_fault::empty_file, 0, "The file is empty."};
    auto file = format_->take();
    if (file.workouts.empty())
      return file_failure{file_fault::no_rows, 1,
                          rows_ == 0
                            ? "The file has column names but no rows."
                            : "None of the " + std::to_string(rows_) + " rows could be read."};
    file.delimiter = reader_.delimiter();
    file.rows = rows_;
    file.notes = std::move(notes_).take();
    return file;
  }

private:
  bool take_record(const csv_record& record) {
    if (!format_)
      return take_header(record);
    if (++rows_ > options_.most_rows) {
      failure_ =
        file_failure{file_fault::too_many_rows, record.line,
                     "The file has more than " + std::to_string(options_.most_rows) + " rows."};
      return false;
    }
    const auto line = record.line;
    if (record.repaired_utf8)
      notes_.add(line, note_severity::warning, "invalid_utf8",
                 "the row holds bytes that are not UTF-8; they were replaced");
    if (record.stray_quote)
      notes_.add(line, note_severity::warning, "stray_quote",
                 "text follows a closing quote; it was kept");
    if (record.fields.size() > columns_) {
      // The values have moved out of their columns; reading them would make up sets.
      notes_.add(line, note_severity::error, "too_many_fields",
                 "the row has " + std::to_string(record.fields.size()) + " fields for "
                   + std::to_string(columns_) + " columns; it was left out");
      return true;
    }
    if (record.fields.size() < columns_)
      notes_.add(line, note_severity::warning, "too_few_fields",
                 "the row has only " + std::to_string(record.fields.size()) + " fields for "
                   + std::to_string(columns_) + " columns");
    format_->read(record);
    return true;
  }

  bool take_header(const csv_record& record) {
    column_names names{record};
    columns_ = names.size();
    const auto sign = reader_.delimiter() == ',' ? decimal_sign::point : decimal_sign::comma;
    if (is_hevy(names))
      format_ = make_hevy_format(names, sign, options_, notes_);
    else if (is_strong(names))
      format_ = make_strong_format(names, sign, options_, notes_);
    if (format_) {
      for (const auto& name : names.unused())
        notes_.add(record.line, note_severity::info, "unknown_column",
                   "the column " + in_quotes(name) + " is not known; it was not read");
      return true;
    }
    failure_ = refuse(names, record.line);
    return false;
  }

  static file_failure refuse(const column_names& names, std::size_t line) {
    const bool fitnotes = names.has("date") && names.has("exercise") && names.has("category");
    if (fitnotes)
      return {file_fault::unsupported_format, line,
              "This is an export of FitNotes, which can't be imported yet."};
    if (names.has("activity id") && names.has("activity date"))
      return {file_fault::unsupported_format, line,
              "This is the list of activities of a Strava export, which can't be imported yet."};
    return {file_fault::unknown_format, line,
            "The columns are not those of a Strong or Hevy export: " + names.listed() + "."};
  }

  file_options options_;
  csv_reader reader_;
  note_list notes_;
  std::unique_ptr<row_format> format_;
  std::optional<file_failure> failure_;
  std::size_t columns_ = 0;
  std::size_t rows_ = 0;
};

} // namespace

std::string_view to_string(file_app app) noexcept {
  return app == file_app::strong ? "strong" : "hevy";
}

double metres_in(distance_unit unit) noexcept {
  switch (unit) {
    case distance_unit::metres:
      return 1;
    case distance_unit::kilometres:
      return 1000;
    case distance_unit::miles:
      return 1609.344;
    case distance_unit::yards:
      return 0.9144;
    case distance_unit::feet:
      return 0.3048;
  }
  return 1;
}

std::optional<distance_unit> parse_distance_unit(std::string_view text) {
  struct spelling {
    std::string_view text;
    distance_unit unit;
  };
  constexpr spelling spellings[] = {{"m", distance_unit::metres},
                                    {"meter", distance_unit::metres},
                                    {"meters", distance_unit::metres},
                                    {"metre", distance_unit::metres},
                                    {"metres", distance_unit::metres},
                                    {"km", distance_unit::kilometres},
                                    {"kms", distance_unit::kilometres},
                                    {"kilometers", distance_unit::kilometres},
                                    {"kilometres", distance_unit::kilometres},
                                    {"mi", distance_unit::miles},
                                    {"mile", distance_unit::miles},
                                    {"miles", distance_unit::miles},
                                    {"yd", distance_unit::yards},
                                    {"yards", distance_unit::yards},
                                    {"ft", distance_unit::feet},
                                    {"feet", distance_unit::feet}};
  std::string lower;
  for (char c : trim(text))
    lower.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
  for (const auto& s : spellings)
    if (s.text == lower)
      return s.unit;
  return std::nullopt;
}

std::string_view to_string(note_severity severity) noexcept {
  switch (severity) {
    case note_severity::info:
      return "info";
    case note_severity::warning:
      return "warning";
    case note_severity::error:
      return "error";
  }
  return "error";
}

std::string_view to_string(file_fault fault) noexcept {
  constexpr std::array<std::string_view, 8> codes{
    "empty_file",     "not_text",           "not_csv", "damaged",
    "unknown_format", "unsupported_format", "no_rows", "too_many_rows"};
  const auto at = static_cast<std::size_t>(fault) - 1;
  return at < codes.size() ? codes[at] : "unknown_format";
}

expected<workout_file, file_failure> parse_workout_file(std::string_view bytes,
                                                        const file_options& options) {
  if (auto refused = refuse_by_content(bytes))
    return *refused;
  return file_reader{options}.read(bytes);
}

std::string external_id(const parsed_workout& workout) {
  using namespace std::chrono;
  const auto day = floor<days>(workout.start);
  const year_month_day date{day};
  const hh_mm_ss time{floor<seconds>(workout.start - day)};
  char text[40];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d/", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                static_cast<int>(time.seconds().count()));
  return text + workout.title;
}

} // namespace spotter::domain
