// What proxies say of clients. The first byte says who the peer is and which header counts; lines that
// follow are its values. A stranger is never believed, and nobody becomes a proxy by saying so.

#include "gateway/http/forwarded.hpp"

#include <cstdint>
#include <cstdlib>

using namespace spotter;
using namespace spotter::gateway;
using boost::asio::ip::make_address;

namespace {

void require(bool holds) {
  if (!holds)
    std::abort();
}

trusted_proxies trust(forwarded_header header) {
  trusted_proxies out;
  out.header = header;
  for (const auto* block : {"10.0.0.0/8", "fd00::/8", "192.0.2.1"})
    out.blocks.push_back(*config::address_block::parse(block));
  return out;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0)
    return 0;
  const bool standard = (data[0] & 1) != 0;
  const bool stranger = (data[0] & 2) != 0;
  const auto trusted =
    trust(standard ? forwarded_header::forwarded : forwarded_header::x_forwarded_for);
  const auto peer = make_address(stranger ? "203.0.113.9" : "10.0.0.1");
  std::string_view rest{reinterpret_cast<const char*>(data + 1), size - 1};
  request req;
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    req.add_header(standard ? "forwarded" : "x-forwarded-for", rest.substr(0, end));
    rest = end == rest.npos ? std::string_view{} : rest.substr(end + 1);
  }
  const auto said = source_of(req, peer, trusted);
  if (stranger)
    require(said.client == peer && !said.https);
  // Whoever is not the peer stands in the header, with a trusted chain behind him.
  const auto text = said.client.to_string();
  require(said.client == peer
          || text.size() <= req.header(standard ? "forwarded" : "x-forwarded-for").size() + 24);
  // What is added on the right by a trusted proxy decides, whatever stands left of it.
  if (!stranger) {
    req.add_header(standard ? "forwarded" : "x-forwarded-for",
                   standard ? "for=198.51.100.7" : "198.51.100.7");
    require(source_of(req, peer, trusted).client == make_address("198.51.100.7"));
  }
  const std::string_view whole{reinterpret_cast<const char*>(data), size};
  if (const auto block = config::address_block::parse(whole))
    if (const auto first = config::parse_address(whole.substr(0, whole.find('/'))))
      require(block->contains(*first));
  return 0;
}
