#pragma once

#include "gateway/config.hpp"

#include <boost/asio/ip/address.hpp>

#include <atomic>
#include <chrono>
#include <map>
#include <mutex>

namespace spotter::gateway {

/// Decides what still gets in, over all io threads: connections, uploads, sign-ins.
class admission {
public:
  using address = boost::asio::ip::address;

  explicit admission(const gateway_limits& limits) : limits_(limits) {}

  /// Counts a connection; false when a limit is reached.
  [[nodiscard]] bool open(const address& from);
  void close(const address& from);
  [[nodiscard]] std::size_t connections() const noexcept { return total_; }

  /// Counts the bytes of an upload until they are given back; false when too many are in flight.
  [[nodiscard]] bool begin_upload(std::size_t bytes);
  void end_upload(std::size_t bytes);

  /// What a limited route tells of its limit.
  struct allowance {
    bool granted = true;
    int quota = 0; // per minute; 0: not limited
    int left = 0;
    std::chrono::seconds refill{0}; // until the next one is granted
  };

  /// Takes one of the address's sign-ins.
  [[nodiscard]] allowance sign_in(const address& from, std::chrono::steady_clock::time_point now);

private:
  struct bucket {
    double tokens = 0;
    std::chrono::steady_clock::time_point at;
  };

  gateway_limits limits_;
  std::atomic<std::size_t> total_{0};
  std::atomic<std::size_t> upload_bytes_{0};
  std::mutex mutex_;
  std::map<address, std::size_t> by_address_;
  std::map<address, bucket> sign_ins_;
};

} // namespace spotter::gateway
