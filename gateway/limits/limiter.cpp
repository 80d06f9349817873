#include "gateway/limits/limiter.hpp"

#include <caf/actor_cast.hpp>
#include <caf/telemetry/metric_registry.hpp>

#include <algorithm>
#include <charconv>

namespace spotter::gateway {

namespace {

constexpr std::chrono::milliseconds patience{1'000}; // with the actor, which answers in far less
constexpr std::size_t most_leases = 65'536;          // of reads and of writes
constexpr std::int32_t window_ms = 60'000;

/// A hundredth of a minute's quota: at that speed the actor is asked about twice a second.
std::int32_t chunk_of(std::int32_t quota) {
  return std::clamp(quota / 128, 1, 512);
}

void append(std::string& out, std::int64_t number) {
  char text[24];
  const auto end = std::to_chars(text, text + sizeof text, number).ptr;
  out.append(text, end);
}

std::int64_t seconds(std::chrono::milliseconds time) {
  return std::chrono::ceil<std::chrono::seconds>(time).count();
}

} // namespace

void allowance::append_headers(std::string& out, limit_kind kind) const {
  if (quota == 0)
    return;
  ((out += "RateLimit-Policy: \"") += name_of(kind)) += "\";q=";
  append(out, quota);
  ((out += ";w=60\r\nRateLimit: \"") += name_of(kind)) += "\";r=";
  append(out, left);
  out += ";t=";
  append(out, seconds(reset));
  out += "\r\n";
}

messages::failure allowance::refusal(limit_kind kind) const {
  messages::failure out;
  out.code = messages::failure_code::too_many_requests;
  out.retry_after_ms = static_cast<std::int32_t>(std::max<std::int64_t>(retry_after.count(), 1));
  const bool by_address = kind == limit_kind::sign_in || kind == limit_kind::registration;
  out.detail = by_address ? "Too many attempts from this address."
                          : "Too many requests of this account: " + std::to_string(quota)
                              + " a minute are let through (" + std::string{name_of(kind)} + ").";
  return out;
}

/// Brings an answer to the lease that asked.
class limiter::lease_op final : public ask_op {
public:
  lease_op(limiter& to, limit_kind kind, const domain::uuid& account)
    : to_(to), kind_(kind), account_(account) {}

  void done(std::unique_ptr<ask_op>, ask_result result) override {
    to_.answered(kind_, account_, result);
  }

private:
  limiter& to_;
  limit_kind kind_;
  domain::uuid account_;
};

limiter::limiter(caf::actor_system& system, bridge& via, messages::shared_state_actor counts,
                 const gateway_limits& limits)
  : bridge_(via), counts_(caf::actor_cast<caf::strong_actor_ptr>(counts)),
    quotas_{limits.sign_ins_per_minute, limits.registrations_per_minute, limits.reads_per_minute,
            limits.writes_per_minute, limits.imports_per_minute} {
  auto* family =
    system.metrics().counter_family("spotter", "limited-requests", {"limit"},
                                    "Requests answered with too_many_requests.", "1", true);
  for (std::size_t i = 0; i < limit_kinds; ++i) {
    const auto name = name_of(static_cast<limit_kind>(i + 1));
    refusals_[i] = family->get_or_add({{"limit", {name.data(), name.size()}}});
  }
}

std::int32_t limiter::quota_of(limit_kind kind) const noexcept {
  return counts_ ? quotas_[static_cast<std::size_t>(kind) - 1] : 0;
}

messages::take_tokens limiter::tokens(limit_kind kind, const std::string& whose,
                                      std::int32_t count) const {
  messages::take_tokens out;
  out.key.reserve(16 + whose.size());
  ((out.key += name_of(kind)) += ':') += whose;
  out.quota = out.burst = quota_of(kind);
  out.window_ms = window_ms;
  out.cost = count;
  return out;
}

allowance limiter::take(limit_kind kind, const domain::uuid& account, steady::time_point now) {
  allowance out;
  out.quota = quota_of(kind);
  if (out.quota == 0)
    return out;
  auto& all = leases(kind);
  auto it = all.find(account);
  if (it == all.end()) {
    // Whoever's lease is lost for lack of room may have one chunk on credit again; the bucket itself
    // is not here.
    if (all.size() >= most_leases)
      all.erase(all.begin());
    it = all.emplace(account, lease{chunk_of(out.quota)}).first;
  }
  const auto verdict = it->second.take(now);
  if (verdict.ask_for > 0)
    bridge_.ask(counts_,
                caf::make_message(tokens(kind, domain::to_string(account), verdict.ask_for)),
                patience, std::make_unique<lease_op>(*this, kind, account));
  out.granted = verdict.granted;
  out.left = it->second.left(out.quota);
  out.reset = it->second.reset(now);
  if (!out.granted) {
    out.left = 0;
    out.retry_after = it->second.retry_after(now);
    count_refusal(kind);
  }
  return out;
}

void limiter::answered(limit_kind kind, const domain::uuid& account, const ask_result& result) {
  auto& all = leases(kind);
  const auto it = all.find(account);
  if (it == all.end())
    return;
  if (result.end == ask_end::answered && result.reply.match_elements<messages::tokens_taken>())
    it->second.answered(result.reply.get_as<messages::tokens_taken>(0), steady::now());
  else
    it->second.unanswered();
}

awaitable<allowance> limiter::ask(limit_kind kind, std::string whose) {
  return ask_counts(kind, std::move(whose), 1);
}

awaitable<allowance> limiter::look(limit_kind kind, std::string whose) {
  return ask_counts(kind, std::move(whose), 0);
}

awaitable<allowance> limiter::ask_counts(limit_kind kind, std::string whose, std::int32_t count) {
  allowance out;
  if (quota_of(kind) == 0)
    co_return out;
  auto to = counts_;
  auto question = caf::make_message(tokens(kind, whose, count));
  auto waiting = bridge_.ask(std::move(to), std::move(question), patience);
  const auto result = co_await std::move(waiting);
  // Who counts is in this process; where even that fails, a limit is what can be spared.
  if (result.end != ask_end::answered || !result.reply.match_elements<messages::tokens_taken>())
    co_return out;
  const auto& taken = result.reply.get_as<messages::tokens_taken>(0);
  out.quota = taken.limit;
  out.granted = taken.granted > 0 || taken.retry_after_ms == 0;
  out.left = taken.remaining;
  out.reset = std::chrono::milliseconds{taken.reset_ms};
  out.retry_after = std::chrono::milliseconds{taken.retry_after_ms};
  if (!out.granted)
    count_refusal(kind);
  co_return out;
}

void limiter::sweep(steady::time_point now) {
  for (auto* all : {&reads_, &writes_})
    std::erase_if(*all, [now](const auto& entry) { return entry.second.is_idle(now); });
}

std::string address_group(const net::ip::address& address) {
  if (address.is_v4())
    return address.to_string();
  const auto v6 = address.to_v6();
  if (v6.is_v4_mapped())
    return net::ip::make_address_v4(net::ip::v4_mapped, v6).to_string();
  auto bytes = v6.to_bytes();
  std::fill(bytes.begin() + 8, bytes.end(), std::uint8_t{0});
  return net::ip::address_v6{bytes}.to_string() + "/64";
}

} // namespace spotter::gateway
