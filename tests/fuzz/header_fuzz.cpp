// The values of headers and queries, each read as everything that it could be. There are no cookies.

#include "gateway/http/header_values.hpp"
#include "gateway/http/multipart.hpp"
#include "gateway/http/request.hpp"

#include <cstdint>
#include <cstdlib>

using namespace spotter::gateway;

namespace {

void require(bool holds) {
  if (!holds)
    std::abort();
}

bool is_inside(std::string_view part, std::string_view whole) {
  return part.empty()
         || (part.data() >= whole.data()
             && part.data() + part.size() <= whole.data() + whole.size());
}

void check_query(std::string_view text) {
  const auto names = query_names(text);
  require(names.size() <= text.size());
  for (const auto& name : names) {
    const auto value = query_parameter(text, name);
    require(value && value->size() <= text.size());
  }
  require(!query_parameter(text, std::string(text) + "x"));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  const auto token = bearer(text);
  require(is_inside(token, text) && !token.starts_with(' '));
  const auto trace = trace_of(text);
  require(trace.empty()
          || (trace.size() == 32 && trace.find_first_not_of("0123456789abcdef") == trace.npos));
  if (is_request_id(text))
    require(size <= 64 && text.find_first_of("\r\n\": ;<>") == text.npos);
  if (is_host(text))
    require(size <= 261 && text.find_first_of("/@,\\?# \t\r\n%") == text.npos);
  (void)is_media_type(text, "application/json");
  for (const auto* name : {"gzip", "upgrade", "websocket", "spotter.v1"})
    if (lists_token(text, name))
      require(size >= std::string_view{name}.size());
  if (const auto boundary = boundary_of(text))
    require(!boundary->empty() && boundary->size() <= 70);
  check_query(text);
  request req;
  const auto half = size / 2;
  req.add_header(text.substr(0, half), text.substr(half));
  req.add_header(text.substr(0, half), "second");
  std::string name{text.substr(0, half)};
  for (auto& c : name)
    if (c >= 'A' && c <= 'Z')
      c = static_cast<char>(c + 32);
  require(req.header(name) == std::string(text.substr(half)) + ", second");
  return 0;
}
