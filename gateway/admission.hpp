#pragma once

#include "gateway/config.hpp"

#include <boost/asio/ip/address.hpp>

#include <atomic>
#include <map>
#include <mutex>

namespace spotter::gateway {

/// Decides what still gets in, over all io threads: connections and uploads.
class admission {
public:
  using address = boost::asio::ip::address;

  admission(const gateway_limits& limits, const trusted_proxies& trusted)
    : limits_(limits), trusted_(trusted) {}

  /// Counts a connection; false when a limit is reached. A trusted proxy's are many people's: they have
  /// no limit of their own.
  [[nodiscard]] bool open(const address& from);
  void close(const address& from);
  [[nodiscard]] std::size_t connections() const noexcept { return total_; }

  /// Counts the bytes of an upload until they are given back; false when too many are in flight.
  [[nodiscard]] bool begin_upload(std::size_t bytes);
  void end_upload(std::size_t bytes);

private:
  gateway_limits limits_;
  trusted_proxies trusted_;
  std::atomic<std::size_t> total_{0};
  std::atomic<std::size_t> upload_bytes_{0};
  std::mutex mutex_;
  std::map<address, std::size_t> by_address_;
};

} // namespace spotter::gateway
