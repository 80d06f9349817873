#pragma once

#include "actors/messages/handles.hpp"
#include "gateway/bridge/bridge.hpp"
#include "gateway/config.hpp"
#include "gateway/limits/lease.hpp"
#include "gateway/limits/limit_kind.hpp"

#include <boost/asio/ip/address.hpp>
#include <caf/telemetry/counter.hpp>

#include <array>
#include <unordered_map>

namespace spotter::gateway {

/// How a request stands with its limit.
struct allowance {
  bool granted = true;
  std::int32_t quota = 0; // a minute; 0: not limited
  std::int32_t left = 0;
  std::chrono::milliseconds reset{0};       // until all of it is there again
  std::chrono::milliseconds retry_after{0}; // of a refused one

  /// Appends `RateLimit-Policy` and `RateLimit` as draft-ietf-httpapi-ratelimit-headers has them.
  void append_headers(std::string& out, limit_kind kind) const;

  /// The refusal as an actor would say it.
  [[nodiscard]] messages::failure refusal(limit_kind kind) const;
};

/// Asks one io thread's questions about limits. Reads and writes are decided by leases, at once; the
/// others by the actor that counts. Without that actor nothing is limited. Io thread only.
class limiter {
public:
  limiter(caf::actor_system& system, bridge& via, messages::shared_state_actor counts,
          const gateway_limits& limits);
  limiter(const limiter&) = delete;
  limiter& operator=(const limiter&) = delete;

  /// A read or write of an account.
  [[nodiscard]] allowance take(limit_kind kind, const domain::uuid& account,
                               steady::time_point now);

  /// Anything else, of an account or an address (see `address_group`).
  [[nodiscard]] awaitable<allowance> ask(limit_kind kind, std::string whose);

  /// How that stands, without counting anything. Refused where nothing is left.
  [[nodiscard]] awaitable<allowance> look(limit_kind kind, std::string whose);

  /// Forgets who was not heard of for a while.
  void sweep(steady::time_point now);

private:
  class lease_op;

  [[nodiscard]] std::int32_t quota_of(limit_kind kind) const noexcept;
  [[nodiscard]] messages::take_tokens tokens(limit_kind kind, const std::string& whose,
                                             std::int32_t count) const;
  std::unordered_map<domain::uuid, lease>& leases(limit_kind kind) {
    return kind == limit_kind::read ? reads_ : writes_;
  }
  awaitable<allowance> ask_counts(limit_kind kind, std::string whose, std::int32_t count);
  void answered(limit_kind kind, const domain::uuid& account, const ask_result& result);
  void count_refusal(limit_kind kind) { refusals_[static_cast<std::size_t>(kind) - 1]->inc(); }

  bridge& bridge_;
  caf::strong_actor_ptr counts_;
  std::array<std::int32_t, limit_kinds> quotas_;
  std::unordered_map<domain::uuid, lease> reads_;
  std::unordered_map<domain::uuid, lease> writes_;
  std::array<caf::telemetry::int_counter*, limit_kinds> refusals_{};
};

/// Who counts as one address: a host by IPv4, by IPv6 the network of 64 bits, of which one host may
/// take any address it likes.
[[nodiscard]] std::string address_group(const net::ip::address& address);

} // namespace spotter::gateway
