#pragma once

#include <chrono>
#include <cstdint>

namespace spotter::bench {

using clock = std::chrono::steady_clock;

/// Something with a file descriptor that the loop looks after.
class pollable {
public:
  virtual ~pollable() = default;
  virtual void on_ready(std::uint32_t events) = 0;
};

/// One epoll instance for all connections of a measurement: one thread, no timers of its own.
class loop {
public:
  loop();
  ~loop();
  loop(const loop&) = delete;
  loop& operator=(const loop&) = delete;

  void add(int descriptor, std::uint32_t events, pollable& who);
  void change(int descriptor, std::uint32_t events, pollable& who);

  /// Waits until something is ready, `until` at the latest, and tells whoever it concerns. Throws
  /// what they throw. Returns how many were ready.
  int poll(clock::time_point until);

private:
  int epoll_;
};

inline double milliseconds(clock::duration d) {
  return std::chrono::duration<double, std::milli>(d).count();
}

inline double seconds(clock::duration d) {
  return std::chrono::duration<double>(d).count();
}

inline clock::duration from_seconds(double s) {
  return std::chrono::duration_cast<clock::duration>(std::chrono::duration<double>(s));
}

} // namespace spotter::bench
