#include "gateway/http/multipart.hpp"

#include "gateway/http/request.hpp"

#include <algorithm>

namespace spotter::gateway {

namespace {

constexpr std::size_t most_header_bytes = 8 * 1'024; // of one part

std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t'))
    text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t'))
    text.remove_suffix(1);
  return text;
}

/// A parameter of a header value, unquoted: `form-data; name="file"`.
std::optional<std::string> parameter(std::string_view value, std::string_view wanted) {
  auto at = value.find(';');
  while (at != value.npos) {
    value.remove_prefix(at + 1);
    value = trim(value);
    const auto equals = value.find('=');
    if (equals == value.npos)
      return std::nullopt;
    const auto name = trim(value.substr(0, equals));
    value = trim(value.substr(equals + 1));
    std::string text;
    if (value.starts_with('"')) {
      std::size_t i = 1;
      for (; i < value.size() && value[i] != '"'; ++i) {
        // Browsers escape quotes in file names as %22, others with a backslash.
        if (value[i] == '\\' && i + 1 < value.size()
            && (value[i + 1] == '"' || value[i + 1] == '\\'))
          ++i;
        text += value[i];
      }
      if (i == value.size())
        return std::nullopt;
      value.remove_prefix(i + 1);
      at = value.find(';');
    } else {
      at = value.find(';');
      text = trim(value.substr(0, at));
    }
    if (same_text(name, wanted))
      return text;
  }
  return std::nullopt;
}

bool parse_head(std::string_view head, form_part& out) {
  bool named = false;
  while (!head.empty()) {
    const auto end = head.find("\r\n");
    const auto line = head.substr(0, end);
    head = end == head.npos ? std::string_view{} : head.substr(end + 2);
    const auto colon = line.find(':');
    if (colon == line.npos)
      return false;
    if (!same_text(trim(line.substr(0, colon)), "content-disposition"))
      continue;
    const auto value = trim(line.substr(colon + 1));
    if (!same_text(trim(value.substr(0, value.find(';'))), "form-data"))
      return false;
    auto name = parameter(value, "name");
    if (!name || named)
      return false;
    named = true;
    out.name = std::move(*name);
    out.file_name = parameter(value, "filename").value_or("");
  }
  return named;
}

} // namespace

std::optional<std::string> boundary_of(std::string_view content_type) {
  auto boundary = parameter(content_type, "boundary");
  // RFC 2046: 1 to 70 characters; none of ours to check further, it is only compared.
  if (!boundary || boundary->empty() || boundary->size() > 70)
    return std::nullopt;
  return boundary;
}

std::optional<std::vector<form_part>> parse_multipart(std::string_view body,
                                                      std::string_view boundary, std::size_t most) {
  const std::string delimiter = "\r\n--" + std::string(boundary);
  // The first delimiter may stand at the very beginning, without a line end before it.
  std::size_t at = 0;
  if (body.starts_with(std::string_view{delimiter}.substr(2))) {
    at = delimiter.size() - 2;
  } else {
    at = body.find(delimiter);
    if (at == body.npos)
      return std::nullopt;
    at += delimiter.size();
  }
  std::vector<form_part> parts;
  while (true) {
    body.remove_prefix(at);
    if (body.starts_with("--"))
      return parts;
    while (!body.empty() && (body.front() == ' ' || body.front() == '\t'))
      body.remove_prefix(1);
    if (!body.starts_with("\r\n") || parts.size() == most)
      return std::nullopt;
    body.remove_prefix(2);
    const auto head_end = body.substr(0, most_header_bytes).find("\r\n\r\n");
    if (head_end == body.npos)
      return std::nullopt;
    form_part part;
    if (!parse_head(body.substr(0, head_end), part))
      return std::nullopt;
    // The line end after the head may also be the one before the next delimiter: empty content.
    const auto content = body.substr(head_end + 2);
    const auto end = content.find(delimiter);
    if (end == content.npos)
      return std::nullopt;
    part.content = end == 0 ? std::string_view{} : content.substr(2, end - 2);
    parts.push_back(std::move(part));
    body = content;
    at = end + delimiter.size();
  }
}

} // namespace spotter::gateway
