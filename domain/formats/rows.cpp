#include "domain/formats/rows.hpp"

#include "domain/formats/utf8.hpp"

#include <algorithm>
#include <cmath>

namespace spotter::domain {

namespace {

std::string lower(std::string_view text) {
  std::string out{text};
  for (char& c : out)
    if (c >= 'A' && c <= 'Z')
      c = static_cast<char>(c - 'A' + 'a');
  return out;
}

std::string plain(double value) {
  auto text = std::to_string(value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.')
    text.pop_back();
  return text;
}

} // namespace

column_names::column_names(const csv_record& header) : used_(header.fields.size(), false) {
  for (const auto& field : header.fields) {
    written_.push_back(field);
    names_.push_back(lower(trim(field)));
  }
}

column column_names::find(std::string_view name) const {
  const auto it = std::find(names_.begin(), names_.end(), name);
  if (it == names_.end())
    return std::nullopt;
  return static_cast<std::size_t>(it - names_.begin());
}

column column_names::use(std::string_view name) {
  const auto at = find(name);
  if (at)
    used_[*at] = true;
  return at;
}

column column_names::use_with_unit(std::string_view base, std::string& unit) {
  if (const auto at = use(base))
    return at;
  const auto start = std::string{base} + " (";
  for (std::size_t i = 0; i < names_.size(); ++i) {
    if (!names_[i].starts_with(start) || !names_[i].ends_with(')'))
      continue;
    unit = names_[i].substr(start.size(), names_[i].size() - start.size() - 1);
    used_[i] = true;
    return i;
  }
  return std::nullopt;
}

std::vector<std::string> column_names::unused() const {
  std::vector<std::string> result;
  for (std::size_t i = 0; i < names_.size(); ++i)
    if (!used_[i] && !names_[i].empty())
      result.push_back(written_[i]);
  return result;
}

std::string column_names::listed() const {
  constexpr std::size_t most = 6;
  std::string out;
  for (std::size_t i = 0; i < std::min(written_.size(), most); ++i)
    out += (i == 0 ? "" : ", ") + in_quotes(written_[i]);
  return written_.size() > most ? out + ", …" : out;
}

void note_list::add(std::size_t line, note_severity severity, std::string code,
                    std::string message) {
  if (notes_.size() + 1 < most_row_notes)
    notes_.push_back({line, severity, std::move(code), std::move(message)});
  else
    ++left_out_;
}

std::vector<row_note> note_list::take() && {
  std::stable_sort(notes_.begin(), notes_.end(),
                   [](const row_note& a, const row_note& b) { return a.line < b.line; });
  if (left_out_ > 0)
    notes_.push_back({notes_.back().line, note_severity::warning, "further_notes",
                      std::to_string(left_out_) + " further notes are not listed"});
  return std::move(notes_);
}

std::string in_quotes(std::string_view text) {
  constexpr std::size_t most = 60;
  auto cut = std::string{text.substr(0, most)};
  // A cut within a letter must not leave half of it.
  while (!cut.empty() && !is_utf8(cut))
    cut.pop_back();
  return "'" + cut + (text.size() > most ? "…'" : "'");
}

std::string_view row_reader::text(column at) const {
  if (!at || *at >= record_.fields.size())
    return {};
  return trim(record_.fields[*at]);
}

std::optional<double> row_reader::number(column at, std::string_view what, double low,
                                         double high) {
  const auto field = text(at);
  if (field.empty())
    return std::nullopt;
  const auto value = parse_decimal(field, sign_);
  const auto subject = std::string{what} + " " + in_quotes(field);
  if (!value) {
    note(note_severity::warning, "not_a_number", subject + " is not a number");
    return std::nullopt;
  }
  if (*value < low || *value > high) {
    note(note_severity::warning, "out_of_range",
         subject + " is not between " + plain(low) + " and " + plain(high));
    return std::nullopt;
  }
  return value;
}

std::optional<std::int32_t> row_reader::count(column at, std::string_view what, std::int32_t high) {
  const auto value = number(at, what, 0, high);
  if (!value)
    return std::nullopt;
  if (*value != std::floor(*value)) {
    note(note_severity::warning, "not_whole",
         std::string{what} + " " + in_quotes(text(at)) + " is not a whole number");
    return std::nullopt;
  }
  return static_cast<std::int32_t>(*value);
}

std::optional<double> row_reader::rpe(column at) {
  const auto value = number(at, "RPE", 1, 10);
  if (value && *value * 2 != std::floor(*value * 2)) {
    note(note_severity::warning, "not_half",
         "RPE " + in_quotes(text(at)) + " is not a whole or half number");
    return std::nullopt;
  }
  return value;
}

void set_weight(row_reader& row, parsed_set& set, double value, std::optional<weight_unit> unit) {
  // In an unknown unit the bound is the one that holds in pounds.
  if (weight{value, unit.value_or(weight_unit::lb)}.grams() > max_weight_grams)
    row.note(note_severity::warning, "out_of_range",
             "weight " + in_quotes(plain(value)) + " is above 2 t");
  else
    set.weight = parsed_weight{value, unit};
}

void append_note(std::string& notes, std::string_view text) {
  if (text.empty() || notes.find(text) != notes.npos)
    return;
  if (!notes.empty())
    notes += '\n';
  notes += text;
}

} // namespace spotter::domain
