// A client's bytes over HTTP, in pieces that the first byte chooses: whatever the pieces, the same
// requests must come out. Bodies of forms are cut into parts as well.

#include "gateway/http/multipart.hpp"
#include "gateway/http/request_parser.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

using namespace spotter::gateway;
using step = request_parser::step;

namespace {

constexpr std::size_t header_limit = 1'024;
constexpr std::uint64_t body_limit = 4'096;

void require(bool holds) {
  if (!holds)
    std::abort();
}

std::string run(std::string_view bytes, std::size_t piece) {
  request_parser parser{header_limit, 512};
  std::string seen;
  std::string held;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    held += bytes.substr(at, piece);
    while (!held.empty()) {
      std::size_t used = 0;
      const auto reached = parser.feed(held, used);
      require(used <= held.size());
      held.erase(0, used);
      auto& r = parser.current();
      // How early a fault is noticed depends on the pieces; what came before it does not.
      if (reached == step::failed)
        return seen;
      if (reached == step::head)
        parser.body_limit(body_limit);
      if (reached == step::need_more)
        break;
      if (reached != step::done)
        continue;
      require(r.body.size() <= body_limit);
      ((((seen += to_string(r.method)) += ' ') += r.target) += ' ') += r.body;
      seen += '\n';
      (void)query_names(r.query());
      if (const auto boundary = boundary_of(r.header("content-type")))
        (void)parse_multipart(r.body, *boundary, 8);
      parser.reset();
    }
  }
  return seen;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0)
    return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  require(run(bytes, bytes.size() + 1) == run(bytes, data[0] % 16 + 1u));
  return 0;
}
