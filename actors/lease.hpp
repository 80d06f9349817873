#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <ctime>
#include <functional>
#include <memory>
#include <utility>

namespace spotter::actors {

/// Until when this node may answer from memory, as it judges by itself: shared by the membership,
/// which renews it, and all sessions of one incarnation of the node, which look before they speak. Once
/// ended it never holds again; the next incarnation has another. What is committed needs no lease: the
/// database checks it.
///
/// Counts on a clock that goes on while the machine sleeps. Safe from any thread.
class lease {
public:
  using milliseconds = std::chrono::milliseconds;
  using clock = std::function<milliseconds()>;

  /// Not held yet.
  explicit lease(clock now = boot_time) : now_(std::move(now)) {}

  lease(const lease&) = delete;
  lease& operator=(const lease&) = delete;

  /// May this node answer from memory?
  [[nodiscard]] bool holds() const { return now_().count() < until_.load(); }

  /// How much longer, if it is not renewed; 0 if it does not hold.
  [[nodiscard]] milliseconds left() const {
    return std::max(milliseconds{until_.load()} - now_(), milliseconds{0});
  }

  /// The moment that a renewal counts from: take it before the renewal is sent.
  [[nodiscard]] milliseconds now() const { return now_(); }

  /// It was renewed for `length` by a request that left at `start`. Never shortens it, and has no
  /// effect once it was ended.
  void renew(milliseconds start, milliseconds length, milliseconds margin) {
    const auto until = (start + length - margin).count();
    auto before = until_.load();
    while (before != ended && before < until && !until_.compare_exchange_weak(before, until)) {
    }
  }

  /// It holds no more, for ever.
  void end() { until_.store(ended); }

  /// Milliseconds since the machine started, sleep included.
  static milliseconds boot_time() {
    timespec now{};
    clock_gettime(CLOCK_BOOTTIME, &now);
    return std::chrono::duration_cast<milliseconds>(std::chrono::seconds{now.tv_sec}
                                                    + std::chrono::nanoseconds{now.tv_nsec});
  }

private:
  static constexpr std::int64_t ended = -1;

  clock now_;
  std::atomic<std::int64_t> until_{0};
};

using lease_ptr = std::shared_ptr<lease>;

} // namespace spotter::actors
