#include "gateway/http/request.hpp"

namespace spotter::gateway {

namespace {

char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9')
    return c - '0';
  c = lower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

std::string decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out += ' ';
    } else if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0
               && hex_digit(text[i + 2]) >= 0) {
      out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
    text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
    text.remove_suffix(1);
  return text;
}

/// Calls `f(name, value)` for each parameter, both as sent, until it returns true.
template <class F>
void each_parameter(std::string_view query, F f) {
  while (!query.empty()) {
    const auto end = query.find('&');
    const auto one = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view{} : query.substr(end + 1);
    if (one.empty())
      continue;
    const auto equals = one.find('=');
    const auto value =
      equals == std::string_view::npos ? std::string_view{} : one.substr(equals + 1);
    if (f(one.substr(0, equals), value))
      return;
  }
}

} // namespace

std::string_view to_string(verb method) noexcept {
  switch (method) {
    case verb::get:
      return "GET";
    case verb::head:
      return "HEAD";
    case verb::post:
      return "POST";
    case verb::patch:
      return "PATCH";
    case verb::put:
      return "PUT";
    case verb::del:
      return "DELETE";
    case verb::options:
      return "OPTIONS";
    case verb::other:
      break;
  }
  return "OTHER";
}

std::string_view request::path() const noexcept {
  return std::string_view{target}.substr(0, target.find('?'));
}

std::string_view request::query() const noexcept {
  const auto at = target.find('?');
  return at == std::string::npos ? std::string_view{} : std::string_view{target}.substr(at + 1);
}

const request::line* request::find(std::string_view name) const noexcept {
  for (const auto& line : headers_)
    if (line.name == name)
      return &line;
  return nullptr;
}

std::string_view request::header(std::string_view name) const noexcept {
  const auto* line = find(name);
  return line ? std::string_view{line->value} : std::string_view{};
}

bool request::has_header(std::string_view name) const noexcept {
  return find(name) != nullptr;
}

void request::add_header(std::string_view name, std::string_view value) {
  std::string key(name);
  for (auto& c : key)
    c = lower(c);
  for (auto& line : headers_)
    if (line.name == key) {
      line.value += ", ";
      line.value += value;
      return;
    }
  headers_.push_back({std::move(key), std::string(value)});
}

std::optional<std::string> query_parameter(std::string_view query, std::string_view name) {
  std::optional<std::string> found;
  each_parameter(query, [&](std::string_view key, std::string_view value) {
    if (decode(key) != name)
      return false;
    found = decode(value);
    return true;
  });
  return found;
}

std::vector<std::string> query_names(std::string_view query) {
  std::vector<std::string> names;
  each_parameter(query, [&](std::string_view key, std::string_view) {
    names.push_back(decode(key));
    return false;
  });
  return names;
}

bool lists_token(std::string_view value, std::string_view token) noexcept {
  while (!value.empty()) {
    const auto end = value.find(',');
    auto item = trim(value.substr(0, end));
    value = end == std::string_view::npos ? std::string_view{} : value.substr(end + 1);
    const auto parameters = item.find(';');
    if (!same_text(trim(item.substr(0, parameters)), token))
      continue;
    if (parameters == std::string_view::npos)
      return true;
    const auto weight = trim(item.substr(parameters + 1));
    return !(weight.starts_with("q=0") && weight.find_first_of("123456789") == weight.npos);
  }
  return false;
}

bool same_text(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size())
    return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (lower(a[i]) != lower(b[i]))
      return false;
  return true;
}

} // namespace spotter::gateway
