#include "gateway/json/checked.hpp"
#include "gateway/time_zone.hpp"

#include <cmath>

namespace spotter::gateway::json {

namespace {

using simdjson::ondemand::json_type;

std::string_view trim(std::string_view text) noexcept {
  while (
    !text.empty()
    && (text.back() == ' ' || text.back() == '\n' || text.back() == '\r' || text.back() == '\t'))
    text.remove_suffix(1);
  return text;
}

std::size_t count_characters(std::string_view text) noexcept {
  std::size_t n = 0;
  for (const char c : text)
    n += (static_cast<unsigned char>(c) & 0xc0) != 0x80 ? 1u : 0u;
  return n;
}

std::string range_text(std::int64_t least, std::int64_t most) {
  return "Must be between " + std::to_string(least) + " and " + std::to_string(most) + ".";
}

/// The value as text, without a length check.
std::optional<std::string_view> text_of(reader& r, value& v, std::string_view wanted) {
  if (must(v.type()) != json_type::string) {
    wrong_type(r, v, wanted);
    return std::nullopt;
  }
  return must(v.get_string());
}

/// A number as it is; out of every range is nullopt with the error noted.
std::optional<simdjson::ondemand::number> number_of(reader& r, value& v) {
  if (must(v.type()) != json_type::number) {
    wrong_type(r, v, "a number");
    return std::nullopt;
  }
  const auto token = v.raw_json_token();
  simdjson::ondemand::number n;
  if (v.get_number().get(n) == simdjson::SUCCESS)
    return n;
  if (!is_number(token))
    throw malformed{"A number is malformed."};
  r.error("out_of_range", "The number is too large.");
  return std::nullopt;
}

/// Whether JSON text has U+0000 in one of its strings, which can only stand there escaped.
bool has_nul(std::string_view json) noexcept {
  for (std::size_t at = json.find('\\'); at != json.npos; at = json.find('\\', at + 2))
    if (json.substr(at, 6) == "\\u0000")
      return true;
  return false;
}

} // namespace

bool is_number(std::string_view text) noexcept {
  text = trim(text);
  std::size_t at = 0;
  const auto digits = [&] {
    const auto begin = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9')
      ++at;
    return at - begin;
  };
  if (at < text.size() && text[at] == '-')
    ++at;
  const bool zero = at < text.size() && text[at] == '0';
  const auto whole = digits();
  if (whole == 0 || (zero && whole > 1))
    return false;
  if (at < text.size() && text[at] == '.') {
    ++at;
    if (digits() == 0)
      return false;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-'))
      ++at;
    if (digits() == 0)
      return false;
  }
  return at == text.size();
}

std::optional<std::string> read_text(reader& r, value& v, std::size_t most, std::size_t least) {
  const auto text = text_of(r, v, "text");
  if (!text)
    return std::nullopt;
  if (text->find('\0') != text->npos) {
    r.error("invalid_text", "Must not contain U+0000.");
    return std::nullopt;
  }
  const auto length = count_characters(*text);
  if (length > most) {
    r.error("too_long", "Must have at most " + std::to_string(most) + " characters.");
    return std::nullopt;
  }
  if (length < least) {
    r.error("too_short", least == 1
                           ? "Must not be empty."
                           : "Must have at least " + std::to_string(least) + " characters.");
    return std::nullopt;
  }
  return std::string(*text);
}

std::optional<domain::uuid> read_uuid(reader& r, value& v) {
  const auto text = text_of(r, v, "a UUID");
  if (!text)
    return std::nullopt;
  const auto id = domain::parse_uuid(*text);
  if (!id || id->is_nil()) {
    r.error("invalid_format", "Must be a UUID.");
    return std::nullopt;
  }
  return id;
}

std::optional<domain::instant> read_instant(reader& r, value& v) {
  const auto text = text_of(r, v, "a time");
  if (!text)
    return std::nullopt;
  const auto at = domain::parse_rfc3339(*text);
  if (!at)
    r.error("invalid_format", "Must be an RFC 3339 time, as 2026-03-01T17:04:05Z.");
  return at;
}

std::optional<std::string> read_time_zone(reader& r, value& v) {
  const auto text = text_of(r, v, "a time zone");
  if (!text)
    return std::nullopt;
  if (!is_time_zone(*text)) {
    r.error("invalid_value", "Must be an IANA time zone, as Europe/Berlin.");
    return std::nullopt;
  }
  return std::string(*text);
}

std::optional<std::int64_t> read_integer(reader& r, value& v, std::int64_t least,
                                         std::int64_t most) {
  auto n = number_of(r, v);
  if (!n)
    return std::nullopt;
  if (n->is_uint64() && n->get_uint64() > static_cast<std::uint64_t>(INT64_MAX)) {
    r.error("out_of_range", range_text(least, most));
    return std::nullopt;
  }
  std::int64_t whole = 0;
  if (n->is_double()) {
    const double d = n->get_double();
    if (std::trunc(d) != d || std::abs(d) > 9e15) {
      r.error("invalid_type", "Must be a whole number.");
      return std::nullopt;
    }
    whole = static_cast<std::int64_t>(d);
  } else {
    whole = n->is_uint64() ? static_cast<std::int64_t>(n->get_uint64()) : n->get_int64();
  }
  if (whole < least || whole > most) {
    r.error("out_of_range", range_text(least, most));
    return std::nullopt;
  }
  return whole;
}

std::optional<double> read_number(reader& r, value& v, double least, double most) {
  auto n = number_of(r, v);
  if (!n)
    return std::nullopt;
  const double d = n->as_double();
  if (!(d >= least && d <= most)) {
    r.error("out_of_range",
            range_text(static_cast<std::int64_t>(least), static_cast<std::int64_t>(most)));
    return std::nullopt;
  }
  return d;
}

std::optional<bool> read_bool(reader& r, value& v) {
  if (must(v.type()) != json_type::boolean) {
    wrong_type(r, v, "true or false");
    return std::nullopt;
  }
  return must(v.get_bool());
}

std::optional<std::vector<std::string>> read_texts(reader& r, value& v, std::size_t most,
                                                   std::size_t longest) {
  if (must(v.type()) != json_type::array) {
    wrong_type(r, v, "a list");
    return std::nullopt;
  }
  std::vector<std::string> out;
  std::size_t index = 0;
  bool good = true;
  for (auto entry : must(v.get_array())) {
    value item;
    must(std::move(entry).get(item));
    if (index >= most) {
      consume(item);
    } else {
      r.enter(index);
      auto text = read_text(r, item, longest, 1);
      r.leave();
      if (text)
        out.push_back(std::move(*text));
      else
        good = false;
    }
    ++index;
  }
  if (index > most) {
    r.error("too_long", "Must have at most " + std::to_string(most) + " entries.");
    return std::nullopt;
  }
  if (!good)
    return std::nullopt;
  return out;
}

std::optional<std::string> read_raw_object(reader& r, value& v) {
  if (must(v.type()) != json_type::object) {
    wrong_type(r, v, "an object");
    return std::nullopt;
  }
  auto object = must(v.get_object());
  std::string text(must(object.raw_json()));
  text.reserve(text.size() + json_slack);
  // `raw_json` skips without checking; only a real walk proves that this is JSON.
  thread_local simdjson::ondemand::parser parser;
  simdjson::ondemand::document document;
  must(parser.iterate(simdjson::padded_string_view{text.data(), text.size(), text.capacity()})
         .get(document));
  value root;
  must(document.get_value().get(root));
  consume(root);
  if (has_nul(text)) {
    r.error("invalid_text", "Must not contain U+0000.");
    return std::nullopt;
  }
  return text;
}

std::optional<std::string_view> find_object(reader& r, value& v) {
  if (must(v.type()) != json_type::object) {
    wrong_type(r, v, "an object");
    return std::nullopt;
  }
  auto object = must(v.get_object());
  return must(object.raw_json());
}

} // namespace spotter::gateway::json
