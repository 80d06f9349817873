#pragma once

#include "config/address_block.hpp"
#include "gateway/http/request.hpp"

#include <boost/asio/ip/address.hpp>

#include <vector>

namespace spotter::gateway {

/// Which header the proxies write. Only one is believed: proxies pass on what they do not know of, so
/// the other may be the client's own.
enum class forwarded_header : std::uint8_t { x_forwarded_for = 1, forwarded };

/// The proxies whose word counts.
struct trusted_proxies {
  std::vector<config::address_block> blocks;
  forwarded_header header = forwarded_header::x_forwarded_for;

  [[nodiscard]] bool contain(const boost::asio::ip::address& address) const noexcept;
};

/// Where a request comes from.
struct request_source {
  boost::asio::ip::address client;
  bool https = false; // a trusted proxy says that the client speaks TLS
};

/// Reads what proxies say of a request that came from `peer`. Unless the peer is trusted it is the
/// client. Otherwise the client is the rightmost address that is not a trusted proxy's, or the leftmost
/// when all are; the peer itself when there is none, or one that can't be read comes first.
[[nodiscard]] request_source source_of(const request& req, const boost::asio::ip::address& peer,
                                       const trusted_proxies& trusted);

} // namespace spotter::gateway
