#include "actors/identity/sliced_work.hpp"

#define CAF_SUITE sliced_work
#include "caf/test/dsl.hpp"

#include <chrono>
#include <ctime>
#include <thread>

using namespace std::chrono_literals;
using spotter::actors::identity::sliced_work;

namespace {

std::chrono::nanoseconds processor_time() {
  timespec used{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  return std::chrono::seconds{used.tv_sec} + std::chrono::nanoseconds{used.tv_nsec};
}

/// How long it takes a thread to compute for so long.
std::chrono::nanoseconds time_of(std::chrono::nanoseconds work) {
  const auto began = std::chrono::steady_clock::now();
  const auto until = processor_time() + work;
  while (processor_time() < until)
    continue;
  return std::chrono::steady_clock::now() - began;
}

} // namespace

CAF_TEST(a thread rests as many times as long as it computes) {
  std::chrono::nanoseconds took{};
  std::thread{[&took] {
    const sliced_work slices{6};
    took = time_of(20ms);
  }}.join();
  // Its last slice has no rest, and a busy machine only makes it longer.
  CAF_CHECK_GREATER(took, 5 * 20ms);
}

CAF_TEST(one piece of work after the other is cut) {
  std::thread{[] {
    for (int i = 0; i < 3; ++i) {
      const sliced_work slices{4};
      CAF_CHECK_GREATER(time_of(10ms), 3 * 10ms);
    }
  }}.join();
}
