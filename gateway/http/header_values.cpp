#include "gateway/http/header_values.hpp"

#include "gateway/http/request.hpp"

#include <algorithm>

namespace spotter::gateway {

namespace {

bool is_letter_or_digit(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_hex(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

} // namespace

std::string_view bearer(std::string_view authorization) noexcept {
  constexpr std::string_view scheme = "bearer ";
  if (authorization.size() <= scheme.size()
      || !same_text(authorization.substr(0, scheme.size()), scheme))
    return {};
  auto token = authorization.substr(scheme.size());
  while (!token.empty() && token.front() == ' ')
    token.remove_prefix(1);
  return token;
}

bool is_media_type(std::string_view header, std::string_view wanted) noexcept {
  auto type = header.substr(0, header.find(';'));
  while (!type.empty() && type.back() == ' ')
    type.remove_suffix(1);
  return same_text(type, wanted);
}

bool is_request_id(std::string_view id) noexcept {
  if (id.empty() || id.size() > 64)
    return false;
  return std::all_of(id.begin(), id.end(), [](char c) {
    return is_letter_or_digit(c) || c == '-' || c == '_' || c == '.';
  });
}

std::string_view trace_of(std::string_view header) noexcept {
  if (header.size() < 55 || header[2] != '-' || header[35] != '-' || header[52] != '-'
      || header.substr(0, 2) == "ff")
    return {};
  const auto trace = header.substr(3, 32);
  const auto parent = header.substr(36, 16);
  if (!is_hex(header.substr(0, 2)) || !is_hex(trace) || !is_hex(parent)
      || trace.find_first_not_of('0') == trace.npos || parent.find_first_not_of('0') == parent.npos)
    return {};
  return trace;
}

bool is_host(std::string_view host) noexcept {
  constexpr std::size_t longest = 255 + 6;
  if (host.empty() || host.size() > longest)
    return false;
  if (host.front() == '[') { // an IPv6 address
    const auto end = host.find(']');
    if (end == host.npos || end < 3
        || !std::all_of(host.begin() + 1, host.begin() + static_cast<std::ptrdiff_t>(end),
                        [](char c) { return is_letter_or_digit(c) || c == ':' || c == '.'; }))
      return false;
    host.remove_prefix(end + 1);
  } else {
    const auto end = std::min(host.find(':'), host.size());
    const auto name = host.substr(0, end);
    if (name.empty() || !std::all_of(name.begin(), name.end(), [](char c) {
          return is_letter_or_digit(c) || c == '-' || c == '.' || c == '_';
        }))
      return false;
    host.remove_prefix(end);
  }
  if (host.empty())
    return true;
  return host.front() == ':' && host.size() >= 2 && host.size() <= 6
         && std::all_of(host.begin() + 1, host.end(), [](char c) { return c >= '0' && c <= '9'; });
}

} // namespace spotter::gateway
