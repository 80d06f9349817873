// Forms. The first line is the Content-Type, the rest the body. What is cut out must lie in the body
// and hold no delimiter, and a form that is written from the parts must be read as the same parts.

#include "gateway/http/multipart.hpp"

#include <cstdint>
#include <cstdlib>

using namespace spotter::gateway;

namespace {

constexpr std::size_t most = 8;

void require(bool holds) {
  if (!holds)
    std::abort();
}

bool is_plain(std::string_view text) {
  return text.find_first_of("\"\\\r\n") == text.npos;
}

void check(std::string_view body, const std::string& boundary) {
  const auto parts = parse_multipart(body, boundary, most);
  if (!parts)
    return;
  require(parts->size() <= most);
  std::string again;
  for (const auto& part : *parts) {
    require(part.content.empty()
            || (part.content.data() >= body.data()
                && part.content.data() + part.content.size() <= body.data() + body.size()));
    require(part.content.find("\r\n--" + boundary) == part.content.npos);
    if (!is_plain(part.name) || !is_plain(part.file_name))
      return;
    again += "--" + boundary + "\r\nContent-Disposition: form-data; name=\"" + part.name + "\"";
    if (!part.file_name.empty())
      again += "; filename=\"" + part.file_name + "\"";
    again += "\r\n\r\n";
    again += part.content;
    again += "\r\n";
  }
  again += "--" + boundary + "--\r\n";
  const auto same = parse_multipart(again, boundary, most);
  // A boundary with line ends in it can't be written; none comes out of a header.
  if (boundary.find_first_of("\r\n") != boundary.npos)
    return;
  require(same && same->size() == parts->size());
  for (std::size_t i = 0; i < parts->size(); ++i) {
    require((*same)[i].name == (*parts)[i].name);
    require((*same)[i].file_name == (*parts)[i].file_name);
    require((*same)[i].content == (*parts)[i].content);
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes{reinterpret_cast<const char*>(data), size};
  const auto line = bytes.find('\n');
  const auto body = line == bytes.npos ? std::string_view{} : bytes.substr(line + 1);
  if (const auto boundary = boundary_of(bytes.substr(0, line)))
    check(body, *boundary);
  check(bytes, "b");
  return 0;
}
