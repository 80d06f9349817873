#pragma once

#include "actors/messages/peer.hpp"
#include "links/protocol.hpp"

#include <atomic>
#include <functional>
#include <mutex>

namespace spotter::links {

/// The frames that wait for one peer while its link stands: filled by any thread, emptied by the io
/// thread. Holds at most `limit` bytes that are not written yet, or one larger frame.
class outbox {
public:
  /// `wake` tells the io thread that there is something to take; once, until it has taken it.
  outbox(std::size_t limit, std::function<void()> wake) : limit_(limit), wake_(std::move(wake)) {}

  // From any thread:

  /// True if nothing fits, as far as can be seen without waiting.
  [[nodiscard]] bool looks_full() const noexcept {
    return unwritten_.load(std::memory_order_relaxed) >= limit_;
  }

  /// Takes a whole frame; the content of `frame` is unspecified afterwards.
  messages::frame_sent put(bytes& frame);

  // On the io thread:

  /// Moves what there is into `frames`, and the size of each into `sizes`; both must be empty.
  void take(bytes& frames, std::vector<std::size_t>& sizes);

  /// So many bytes of what was taken need no room any more.
  void written(std::size_t count) noexcept {
    unwritten_.fetch_sub(count, std::memory_order_relaxed);
  }

  /// Drops what is there; from now on everything is `away`.
  void close();

private:
  const std::size_t limit_;
  const std::function<void()> wake_;
  std::atomic<std::size_t> unwritten_ = 0;
  std::mutex mutex_;
  bytes frames_;
  std::vector<std::size_t> sizes_;
  bool woken_ = false;
  bool closed_ = false;
};

} // namespace spotter::links
