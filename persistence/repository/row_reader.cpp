#include "persistence/repository/row_reader.hpp"

#include <charconv>

namespace spotter::persistence {

namespace {

[[noreturn]] void mismatch(std::string_view text, const char* wanted) {
  throw pqxx::conversion_error{"Expected " + std::string{wanted} + " from the database, got '"
                               + std::string{text.substr(0, 64)} + "'."};
}

template <class Number>
Number number(std::string_view text, const char* wanted) {
  Number value{};
  const auto end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, value);
  if (result.ec != std::errc{} || result.ptr != end)
    mismatch(text, wanted);
  return value;
}

/// `count` digits at `at`, or -1.
int digits(std::string_view text, std::size_t at, std::size_t count) noexcept {
  int value = 0;
  for (std::size_t i = at; i < at + count; ++i) {
    if (text[i] < '0' || text[i] > '9')
      return -1;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

} // namespace

bool row_reader::at_null() const {
  return row_[next_].is_null();
}

std::string_view row_reader::peek() const {
  const auto field = row_[next_];
  return field.view();
}

std::string_view row_reader::view() {
  const auto field = row_[next_++];
  if (field.is_null())
    throw pqxx::unexpected_null{"Expected a value from the database in column "
                                + std::string{field.name()} + ", got null."};
  return field.view();
}

std::int64_t row_reader::bigint() {
  return number<std::int64_t>(view(), "a bigint");
}

std::int32_t row_reader::integer() {
  return number<std::int32_t>(view(), "an integer");
}

double row_reader::real() {
  return number<double>(view(), "a number");
}

bool row_reader::flag() {
  const auto text = view();
  if (text != "t" && text != "f")
    mismatch(text, "a boolean");
  return text == "t";
}

domain::uuid row_reader::id() {
  const auto text = view();
  const auto id = domain::parse_uuid(text);
  if (!id)
    mismatch(text, "a uuid");
  return *id;
}

domain::instant row_reader::at() {
  const auto text = view();
  const auto at = parse_timestamp(text);
  if (!at)
    mismatch(text, "a timestamptz in UTC");
  return *at;
}

std::string row_reader::bytes() {
  const auto text = view();
  if (!text.starts_with("\\x") || text.size() % 2 != 0)
    mismatch(text, "a bytea in hex");
  const auto nibble = [&](std::size_t i) {
    const char c = text[i];
    if (c >= '0' && c <= '9')
      return c - '0';
    if (c >= 'a' && c <= 'f')
      return c - 'a' + 10;
    mismatch(text, "a bytea in hex");
  };
  std::string out;
  out.resize(text.size() / 2 - 1);
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = static_cast<char>(nibble(2 * i + 2) << 4 | nibble(2 * i + 3));
  return out;
}

std::vector<std::string> row_reader::texts() {
  const auto field = row_[next_++];
  const auto items = field.as_sql_array<std::string>();
  return {items.cbegin(), items.cend()};
}

std::optional<domain::instant> parse_timestamp(std::string_view text) noexcept {
  using namespace std::chrono;
  if (text.size() < 22 || !text.ends_with("+00"))
    return std::nullopt;
  text.remove_suffix(3);
  if (text[4] != '-' || text[7] != '-' || text[10] != ' ' || text[13] != ':' || text[16] != ':')
    return std::nullopt;
  const int y = digits(text, 0, 4), mo = digits(text, 5, 2), d = digits(text, 8, 2);
  const int h = digits(text, 11, 2), mi = digits(text, 14, 2), s = digits(text, 17, 2);
  if (y < 1 || mo < 1 || mo > 12 || d < 1 || d > 31 || h < 0 || h > 23 || mi < 0 || mi > 59 || s < 0
      || s > 59)
    return std::nullopt;
  int ms = 0;
  if (text.size() > 19) {
    const auto fraction = text.substr(20);
    if (text[19] != '.' || fraction.empty() || fraction.size() > 6
        || digits(fraction, 0, fraction.size()) < 0)
      return std::nullopt;
    for (std::size_t i = 0; i < 3; ++i)
      ms = ms * 10 + (i < fraction.size() ? fraction[i] - '0' : 0);
  }
  const auto date = year{y} / month{static_cast<unsigned>(mo)} / day{static_cast<unsigned>(d)};
  if (!date.ok())
    return std::nullopt;
  return domain::instant{sys_days{date}} + hours{h} + minutes{mi} + seconds{s} + milliseconds{ms};
}

} // namespace spotter::persistence
