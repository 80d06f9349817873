#pragma once

#include "gateway/config.hpp"

#include <boost/asio/ip/address.hpp>

#include <atomic>
#include <map>
#include <mutex>

namespace spotter::gateway {

/// What many requests may hold in memory together. Any thread.
class byte_budget {
public:
  explicit byte_budget(std::size_t most) : most_(most) {}

  /// Counts bytes until they are given back; false, and nothing is counted, when too many are held.
  [[nodiscard]] bool take(std::size_t bytes);
  void give_back(std::size_t bytes);

private:
  std::size_t most_;
  std::atomic<std::size_t> held_{0};
};

/// One request's part of a budget; given back when it ends.
class byte_share {
public:
  byte_share() = default;
  ~byte_share();
  byte_share(const byte_share&) = delete;
  byte_share& operator=(const byte_share&) = delete;

  /// To be called once. False when the budget has no room.
  [[nodiscard]] bool take(byte_budget& from, std::size_t bytes);

private:
  byte_budget* from_ = nullptr;
  std::size_t bytes_ = 0;
};

/// Decides what still gets in, over all io threads: connections and bodies.
class admission {
public:
  using address = boost::asio::ip::address;

  admission(const gateway_limits& limits, const trusted_proxies& trusted)
    : limits_(limits), trusted_(trusted), uploads_(limits.upload_total_bytes),
      bodies_(limits.body_total_bytes) {}

  /// Counts a connection; false when a limit is reached. A trusted proxy's are many people's: they have
  /// no limit of their own.
  [[nodiscard]] bool open(const address& from);
  void close(const address& from);
  [[nodiscard]] std::size_t connections() const noexcept { return total_; }

  [[nodiscard]] byte_budget& uploads() noexcept { return uploads_; }
  [[nodiscard]] byte_budget& bodies() noexcept { return bodies_; }

private:
  gateway_limits limits_;
  trusted_proxies trusted_;
  std::atomic<std::size_t> total_{0};
  std::mutex mutex_;
  std::map<address, std::size_t> by_address_;
  byte_budget uploads_;
  byte_budget bodies_;
};

} // namespace spotter::gateway
