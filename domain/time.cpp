#include "domain/time.hpp"

namespace spotter::domain {

namespace {

using namespace std::chrono;

/// Reads exactly `count` decimal digits at `at` and moves past them; -1 if there are none such.
int digits(std::string_view text, std::size_t& at, int count) noexcept {
  int value = 0;
  for (int i = 0; i < count; ++i, ++at) {
    if (at >= text.size() || text[at] < '0' || text[at] > '9')
      return -1;
    value = value * 10 + (text[at] - '0');
  }
  return value;
}

bool skip(std::string_view text, std::size_t& at, char c) noexcept {
  if (at >= text.size() || text[at] != c)
    return false;
  ++at;
  return true;
}

void append_padded(std::string& out, int value, int width) {
  char text[8];
  for (int i = width - 1; i >= 0; --i) {
    text[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
  out.append(text, static_cast<std::size_t>(width));
}

} // namespace

instant now() noexcept {
  return floor<milliseconds>(system_clock::now());
}

std::optional<instant> parse_rfc3339(std::string_view text) noexcept {
  std::size_t at = 0;
  const int y = digits(text, at, 4);
  if (y < 1900 || !skip(text, at, '-'))
    return std::nullopt;
  const int mo = digits(text, at, 2);
  if (!skip(text, at, '-'))
    return std::nullopt;
  const int d = digits(text, at, 2);
  if (at >= text.size() || (text[at] != 'T' && text[at] != 't' && text[at] != ' '))
    return std::nullopt;
  ++at;
  const int h = digits(text, at, 2);
  if (!skip(text, at, ':'))
    return std::nullopt;
  const int mi = digits(text, at, 2);
  if (!skip(text, at, ':'))
    return std::nullopt;
  int s = digits(text, at, 2);
  int ms = 0;
  if (at < text.size() && text[at] == '.') {
    ++at;
    int scale = 100;
    const auto begin = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
      ms += (text[at] - '0') * scale;
      scale /= 10;
      ++at;
    }
    if (at == begin || at - begin > 12)
      return std::nullopt;
  }
  if (h < 0 || h > 23 || mi < 0 || mi > 59 || s < 0 || s > 60)
    return std::nullopt;
  s = s == 60 ? 59 : s; // a leap second counts as the second before it
  minutes offset{0};
  if (!skip(text, at, 'Z') && !skip(text, at, 'z')) {
    int sign = 0;
    if (skip(text, at, '+'))
      sign = 1;
    else if (skip(text, at, '-'))
      sign = -1;
    else
      return std::nullopt;
    const int oh = digits(text, at, 2);
    if (!skip(text, at, ':'))
      return std::nullopt;
    const int om = digits(text, at, 2);
    if (oh < 0 || oh > 23 || om < 0 || om > 59)
      return std::nullopt;
    offset = minutes{sign * (oh * 60 + om)};
  }
  if (at != text.size())
    return std::nullopt;
  const year_month_day date{year{y}, month{static_cast<unsigned>(mo)},
                            day{static_cast<unsigned>(d)}};
  if (!date.ok())
    return std::nullopt;
  const instant out =
    sys_days{date} + hours{h} + minutes{mi} + seconds{s} + milliseconds{ms} - offset;
  // The offset may lead out of the years that can be written.
  const year_month_day in_utc{floor<days>(out)};
  if (in_utc.year() < year{1900} || in_utc.year() > year{9999})
    return std::nullopt;
  return out;
}

void append_rfc3339(std::string& out, instant at) {
  const auto day_start = floor<days>(at);
  const year_month_day date{day_start};
  const hh_mm_ss time{at - day_start};
  append_padded(out, static_cast<int>(date.year()), 4);
  out += '-';
  append_padded(out, static_cast<int>(static_cast<unsigned>(date.month())), 2);
  out += '-';
  append_padded(out, static_cast<int>(static_cast<unsigned>(date.day())), 2);
  out += 'T';
  append_padded(out, static_cast<int>(time.hours().count()), 2);
  out += ':';
  append_padded(out, static_cast<int>(time.minutes().count()), 2);
  out += ':';
  append_padded(out, static_cast<int>(time.seconds().count()), 2);
  if (const auto ms = time.subseconds().count(); ms != 0) {
    out += '.';
    append_padded(out, static_cast<int>(ms), 3);
  }
  out += 'Z';
}

std::string to_rfc3339(instant at) {
  std::string out;
  append_rfc3339(out, at);
  return out;
}

} // namespace spotter::domain
