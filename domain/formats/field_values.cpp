#include "domain/formats/field_values.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string>

namespace spotter::domain {

namespace {

constexpr std::size_t longest_number = 32;
constexpr std::int64_t longest_duration_ms = 30LL * 24 * 3600 * 1000;

bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

/// Reads from the front of a text.
class scanner {
public:
  explicit scanner(std::string_view text) : rest_(text) {}

  [[nodiscard]] bool done() const noexcept { return rest_.empty(); }

  /// Between `least` and `most` digits; nullopt when there are fewer.
  std::optional<int> digits(std::size_t least, std::size_t most) {
    std::size_t count = 0;
    int value = 0;
    while (count < most && count < rest_.size() && is_digit(rest_[count]))
      value = value * 10 + (rest_[count++] - '0');
    if (count < least)
      return std::nullopt;
    rest_.remove_prefix(count);
    return value;
  }

  bool skip(char c) {
    if (rest_.empty() || rest_.front() != c)
      return false;
    rest_.remove_prefix(1);
    return true;
  }

  std::string_view word() {
    const auto end = std::find_if_not(rest_.begin(), rest_.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.';
    });
    const auto found = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
    rest_.remove_prefix(found.size());
    return found;
  }

  void skip_digits() {
    while (!rest_.empty() && is_digit(rest_.front()))
      rest_.remove_prefix(1);
  }

private:
  std::string_view rest_;
};

std::optional<int> month_number(std::string_view word) {
  constexpr std::array<std::string_view, 12> names{"jan", "feb", "mar", "apr", "may", "jun",
                                                   "jul", "aug", "sep", "oct", "nov", "dec"};
  std::string lower;
  for (char c : word.substr(0, 3))
    lower.push_back(static_cast<char>(c | 0x20));
  const auto it = std::find(names.begin(), names.end(), lower);
  if (word.size() > 9 || it == names.end())
    return std::nullopt;
  return static_cast<int>(it - names.begin()) + 1;
}

struct wall_date {
  int year = 0;
  int month = 0;
  int day = 0;
};

std::optional<wall_date> read_iso_date(scanner& in) {
  const auto year = in.digits(4, 4);
  if (!year || !in.skip('-'))
    return std::nullopt;
  const auto month = in.digits(1, 2);
  if (!month || !in.skip('-'))
    return std::nullopt;
  const auto day = in.digits(1, 2);
  if (!day || !(in.skip('T') || in.skip(' ')))
    return std::nullopt;
  return wall_date{*year, *month, *day};
}

std::optional<wall_date> read_worded_date(scanner& in) {
  const auto day = in.digits(1, 2);
  if (!day || !in.skip(' '))
    return std::nullopt;
  const auto month = month_number(in.word());
  if (!month || !in.skip(' '))
    return std::nullopt;
  const auto year = in.digits(4, 4);
  if (!year)
    return std::nullopt;
  in.skip(',');
  if (!in.skip(' '))
    return std::nullopt;
  return wall_date{*year, *month, *day};
}

/// The rest of the text as hh:mm[:ss[.fraction]] on the day.
std::optional<local_instant> read_time(scanner& in, const wall_date& date) {
  using namespace std::chrono;
  const year_month_day day{year{date.year}, month{static_cast<unsigned>(date.month)},
                           std::chrono::day{static_cast<unsigned>(date.day)}};
  const auto hour = in.digits(1, 2);
  if (!hour || !in.skip(':'))
    return std::nullopt;
  const auto minute = in.digits(2, 2);
  std::optional<int> second = 0;
  if (in.skip(':')) {
    second = in.digits(2, 2);
    if (in.skip('.'))
      in.skip_digits();
  }
  if (!minute || !second || !in.done() || !day.ok() || date.year < 1900 || date.year > 9998
      || *hour > 23 || *minute > 59 || *second > 59)
    return std::nullopt;
  return local_instant{local_days{day}.time_since_epoch()} + hours{*hour} + minutes{*minute}
         + seconds{*second};
}

/// True for digits in groups of three after `separator`, and a fraction after `point` perhaps.
bool is_grouped(std::string_view digits, char separator, char point) {
  digits = digits.substr(0, digits.find(point));
  const auto first = digits.find(separator);
  if (first == digits.npos || first == 0 || first > 3)
    return false;
  std::size_t run = 0;
  for (char c : digits.substr(first + 1)) {
    if (c == separator ? run != 3 : ++run > 3)
      return false;
    if (c == separator)
      run = 0;
  }
  return run == 3;
}

} // namespace

std::string_view trim(std::string_view text) noexcept {
  constexpr std::string_view no_break_space = "\xc2\xa0";
  constexpr std::string_view blanks = " \t\r\n\v\f";
  for (;;) {
    if (!text.empty() && blanks.find(text.front()) != blanks.npos)
      text.remove_prefix(1);
    else if (text.starts_with(no_break_space))
      text.remove_prefix(no_break_space.size());
    else if (!text.empty() && blanks.find(text.back()) != blanks.npos)
      text.remove_suffix(1);
    else if (text.ends_with(no_break_space))
      text.remove_suffix(no_break_space.size());
    else
      return text;
  }
}

std::optional<double> parse_decimal(std::string_view text, decimal_sign sign) {
  text = trim(text);
  if (text.empty() || text.size() > longest_number)
    return std::nullopt;
  std::string number;
  if (text.front() == '-' || text.front() == '+') {
    if (text.front() == '-')
      number = "-";
    text.remove_prefix(1);
  }
  if (text.empty() || !std::all_of(text.begin(), text.end(), [](char c) {
        return is_digit(c) || c == '.' || c == ',';
      }))
    return std::nullopt;
  const auto points = std::count(text.begin(), text.end(), '.');
  const auto commas = std::count(text.begin(), text.end(), ',');
  char decimal = '.';
  if (points > 0 && commas > 0) {
    decimal = text.rfind('.') > text.rfind(',') ? '.' : ',';
    const char group = decimal == '.' ? ',' : '.';
    if ((decimal == '.' ? points : commas) > 1 || !is_grouped(text, group, decimal))
      return std::nullopt;
  } else if (commas == 1) {
    if (sign == decimal_sign::point && is_grouped(text, ',', '.'))
      return std::nullopt;
    decimal = ',';
  } else if (commas > 1 || points > 1) {
    return std::nullopt;
  }
  for (char c : text) {
    if (is_digit(c))
      number.push_back(c);
    else if (c == decimal)
      number.push_back('.');
  }
  double value = 0;
  const auto* end = number.data() + number.size();
  const auto [stop, problem] = std::from_chars(number.data(), end, value, std::chars_format::fixed);
  if (problem != std::errc{} || stop != end || !std::isfinite(value))
    return std::nullopt;
  return value;
}

std::optional<local_instant> parse_local_instant(std::string_view text) {
  text = trim(text);
  for (auto read_date : {read_iso_date, read_worded_date}) {
    scanner in{text};
    if (const auto date = read_date(in))
      return read_time(in, *date);
  }
  return std::nullopt;
}

std::optional<std::int64_t> parse_duration_ms(std::string_view text) {
  text = trim(text);
  if (const auto seconds = parse_decimal(text, decimal_sign::comma)) {
    if (*seconds < 0 || *seconds * 1000 > static_cast<double>(longest_duration_ms))
      return std::nullopt;
    return std::llround(*seconds * 1000);
  }
  scanner in{text};
  std::int64_t total = 0;
  std::int64_t unit_before = longest_duration_ms;
  if (in.done())
    return std::nullopt;
  while (!in.done()) {
    const auto count = in.digits(1, 6);
    in.skip(' ');
    const auto word = in.word();
    std::int64_t unit = 0;
    if (word == "h" || word == "hr" || word == "hrs")
      unit = 3'600'000;
    else if (word == "m" || word == "min" || word == "mins")
      unit = 60'000;
    else if (word == "s" || word == "sec" || word == "secs")
      unit = 1000;
    if (!count || unit == 0 || unit >= unit_before)
      return std::nullopt;
    unit_before = unit;
    total += *count * unit;
    in.skip(' ');
  }
  if (total > longest_duration_ms)
    return std::nullopt;
  return total;
}

} // namespace spotter::domain
