#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>

namespace spotter::links {

/// Collects the bytes of frames that were processed, until it is worth telling the sender. Threads
/// that process frames give them back; the io thread takes them.
class credit_account : public std::enable_shared_from_this<credit_account> {
public:
  /// `wake` tells the io thread once `threshold` bytes have come together.
  credit_account(std::uint64_t threshold, std::function<void()> wake)
    : threshold_(threshold), wake_(std::move(wake)) {}

  /// Gives `size` bytes back when the last copy goes.
  [[nodiscard]] std::shared_ptr<void> lend(std::uint64_t size) {
    return {this, [account = shared_from_this(), size](void*) { account->give(size); }};
  }

  /// On the io thread: all that was given back so far.
  [[nodiscard]] std::uint64_t take() noexcept {
    woken_.store(false);
    return given_.exchange(0);
  }

private:
  void give(std::uint64_t size) {
    if (given_.fetch_add(size) + size >= threshold_ && !woken_.exchange(true))
      wake_();
  }

  const std::uint64_t threshold_;
  const std::function<void()> wake_;
  std::atomic<std::uint64_t> given_ = 0;
  std::atomic<bool> woken_ = false;
};

} // namespace spotter::links
