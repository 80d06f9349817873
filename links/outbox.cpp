#include "links/outbox.hpp"

namespace spotter::links {

messages::frame_sent outbox::put(bytes& frame) {
  bool wake = false;
  {
    const std::lock_guard lock{mutex_};
    if (closed_)
      return messages::frame_sent::away;
    const auto size = frame.size();
    const auto waiting = unwritten_.load(std::memory_order_relaxed);
    if (waiting > 0 && waiting + size > limit_)
      return messages::frame_sent::full;
    if (frames_.empty())
      frames_.swap(frame);
    else
      frames_.insert(frames_.end(), frame.begin(), frame.end());
    sizes_.push_back(size);
    unwritten_.fetch_add(size, std::memory_order_relaxed);
    wake = !woken_;
    woken_ = true;
  }
  if (wake)
    wake_();
  return messages::frame_sent::queued;
}

void outbox::take(bytes& frames, std::vector<std::size_t>& sizes) {
  const std::lock_guard lock{mutex_};
  frames_.swap(frames);
  sizes_.swap(sizes);
  woken_ = false;
}

void outbox::close() {
  const std::lock_guard lock{mutex_};
  closed_ = true;
  bytes{}.swap(frames_);
  sizes_.clear();
}

} // namespace spotter::links
