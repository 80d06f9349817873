#include "domain/json_redaction.hpp"

namespace spotter::domain {

namespace {

/// Behind the string that begins at `at`.
std::size_t end_of_string(std::string_view json, std::size_t at) {
  for (++at; at < json.size(); ++at) {
    if (json[at] == '\\')
      ++at;
    else if (json[at] == '"')
      return at + 1;
  }
  return json.size();
}

std::size_t skip_blanks(std::string_view json, std::size_t at) {
  while (at < json.size() && std::string_view{" \t\r\n"}.find(json[at]) != std::string_view::npos)
    ++at;
  return at;
}

/// Behind the value that begins at `at`.
std::size_t end_of_value(std::string_view json, std::size_t at) {
  std::size_t depth = 0;
  while (at < json.size()) {
    const char c = json[at];
    if (c == '"') {
      at = end_of_string(json, at);
      if (depth == 0)
        return at;
      continue;
    }
    if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      if (depth == 0)
        return at; // a number or a word before the end of its object
      if (--depth == 0)
        return at + 1;
    } else if (c == ',' && depth == 0) {
      return at;
    }
    ++at;
  }
  return at;
}

} // namespace

std::string without_values_of(std::string_view json, std::string_view name) {
  std::string out;
  out.reserve(json.size());
  std::size_t copied = 0;
  for (std::size_t at = 0; at < json.size();) {
    if (json[at] != '"') {
      ++at;
      continue;
    }
    const auto end = end_of_string(json, at);
    const auto colon = skip_blanks(json, end);
    const bool is_name = colon < json.size() && json[colon] == ':';
    if (!is_name || json.substr(at + 1, end - at - 2) != name) {
      at = end;
      continue;
    }
    const auto value = skip_blanks(json, colon + 1);
    out += json.substr(copied, value - copied);
    out += "null";
    copied = at = end_of_value(json, value);
  }
  return out += json.substr(copied);
}

} // namespace spotter::domain
