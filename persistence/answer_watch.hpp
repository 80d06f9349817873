#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace spotter::persistence {

/// libpq waits for ever for a server that took a statement and does not answer (a stopped process
/// still acknowledges what it is sent). This shuts such a connection's socket from a thread of its
/// own, so that the waiting call fails as on a lost connection.
class answer_watch {
public:
  answer_watch();
  ~answer_watch();
  answer_watch(const answer_watch&) = delete;
  answer_watch& operator=(const answer_watch&) = delete;

  /// While it lives, the connection is watched. One at a time; the socket must outlive it.
  class guard {
  public:
    guard(answer_watch& watch, int socket, std::chrono::milliseconds limit);
    ~guard();
    guard(const guard&) = delete;
    guard& operator=(const guard&) = delete;

  private:
    answer_watch& watch_;
  };

private:
  using clock = std::chrono::steady_clock;

  void set(int socket, clock::time_point deadline);
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  int socket_ = -1; // that of the call under way
  clock::time_point deadline_;
  bool ending_ = false;
  std::thread thread_;
};

} // namespace spotter::persistence
