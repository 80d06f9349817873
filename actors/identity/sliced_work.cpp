#include "actors/identity/sliced_work.hpp"

#include <spdlog/spdlog.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <mutex>
#include <system_error>

#include <sys/select.h>
#include <unistd.h>

namespace spotter::actors::identity {

namespace {

constexpr std::int64_t slice_ns = 500'000;

struct slicing {
  timer_t timer{};
  std::int64_t rest = 0;
  std::int64_t computed_ns = 0; // of this thread's processor time, when the slice began
};

thread_local slicing current;

timespec spec(std::int64_t ns) {
  return {static_cast<time_t>(ns / 1'000'000'000), static_cast<long>(ns % 1'000'000'000)};
}

/// What this thread has had of the processor. Slices end by the clock, but a thread that waited for its
/// turn meanwhile has computed less, and rests less.
std::int64_t processor_time_ns() {
  timespec used{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return used.tv_sec * 1'000'000'000 + used.tv_nsec;
}

void arm(timer_t timer) {
  const itimerspec once{{}, spec(slice_ns)};
  ::timer_settime(timer, 0, &once, nullptr);
}

// Runs in the middle of whatever the thread computes: async-signal-safe calls only.
void end_slice(int) {
  const auto before = errno;
  const auto pause = spec((processor_time_ns() - current.computed_ns) * current.rest);
  ::pselect(0, nullptr, nullptr, nullptr, &pause, nullptr);
  current.computed_ns = processor_time_ns();
  arm(current.timer);
  errno = before;
}

int slice_signal() {
  static const int signal = [] {
    const auto number = SIGRTMIN + 3;
    struct sigaction action {};
    action.sa_handler = end_slice;
    action.sa_flags = SA_RESTART;
    return ::sigaction(number, &action, nullptr) == 0 ? number : 0;
  }();
  return signal;
}

void warn_once(int error) {
  static std::once_flag told;
  std::call_once(told, [error] {
    spdlog::warn("no timer to rest by ({}): many sign-ins at once will slow live traffic",
                 std::generic_category().message(error));
  });
}

} // namespace

sliced_work::sliced_work(int rest) {
  sigevent how{};
  how.sigev_notify = SIGEV_THREAD_ID;
  how.sigev_signo = slice_signal();
  how._sigev_un._tid = ::gettid();
  if (how.sigev_signo == 0 || ::timer_create(CLOCK_MONOTONIC, &how, &timer_) != 0) {
    warn_once(errno);
    return;
  }
  current = {timer_, rest, processor_time_ns()};
  armed_ = true;
  arm(timer_);
}

sliced_work::~sliced_work() {
  if (armed_)
    ::timer_delete(timer_);
}

} // namespace spotter::actors::identity
