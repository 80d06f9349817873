#include "bench/load/loop.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace spotter::bench {

namespace {

[[noreturn]] void fail(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

} // namespace

loop::loop() : epoll_{::epoll_create1(EPOLL_CLOEXEC)} {
  if (epoll_ < 0)
    fail("epoll_create1");
}

loop::~loop() {
  ::close(epoll_);
}

void loop::add(int descriptor, std::uint32_t events, pollable& who) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &who;
  if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event) != 0)
    fail("epoll_ctl");
}

void loop::change(int descriptor, std::uint32_t events, pollable& who) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &who;
  if (::epoll_ctl(epoll_, EPOLL_CTL_MOD, descriptor, &event) != 0)
    fail("epoll_ctl");
}

int loop::poll(clock::time_point until) {
  const auto left = std::chrono::duration_cast<std::chrono::nanoseconds>(until - clock::now());
  const auto wait = left.count() > 0 ? left.count() : 0;
  const timespec limit{static_cast<time_t>(wait / 1'000'000'000),
                       static_cast<long>(wait % 1'000'000'000)};
  std::array<epoll_event, 512> events;
  const int count =
    ::epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &limit, nullptr);
  if (count < 0 && errno != EINTR)
    fail("epoll_pwait2");
  for (int i = 0; i < count; ++i) {
    const auto& event = events[static_cast<std::size_t>(i)];
    static_cast<pollable*>(event.data.ptr)->on_ready(event.events);
  }
  return count > 0 ? count : 0;
}

} // namespace spotter::bench
