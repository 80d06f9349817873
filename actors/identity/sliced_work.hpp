#pragma once

#include <ctime>

namespace spotter::actors::identity {

/// While it lives, what its thread computes is cut into slices of half a millisecond, and the thread
/// rests `rest` times as long after each. For work that can't be asked to pause, such as hashing in a
/// library: a timer's signal interrupts it, so system calls may end early (EINTR) where they are not
/// started again. One for each thread at a time, made and destroyed on it. Where the system has no such
/// timer left, the thread computes as any other, and the log says so once.
class sliced_work {
public:
  explicit sliced_work(int rest);
  ~sliced_work();
  sliced_work(const sliced_work&) = delete;
  sliced_work& operator=(const sliced_work&) = delete;

private:
  timer_t timer_{};
  bool armed_ = false;
};

} // namespace spotter::actors::identity
