#include "persistence/answer_watch.hpp"

#include <sys/socket.h>

namespace spotter::persistence {

answer_watch::answer_watch() : thread_([this] { run(); }) {}

answer_watch::~answer_watch() {
  {
    const std::lock_guard lock{mutex_};
    ending_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void answer_watch::set(int socket, clock::time_point deadline) {
  const std::lock_guard lock{mutex_};
  socket_ = socket;
  deadline_ = deadline;
}

void answer_watch::run() {
  std::unique_lock lock{mutex_};
  // Looks now and then instead of being woken for each call: a call costs no switch of threads.
  constexpr std::chrono::milliseconds often{50};
  while (!ending_) {
    changed_.wait_for(lock, often);
    if (socket_ < 0 || clock::now() < deadline_)
      continue;
    ::shutdown(socket_, SHUT_RDWR);
    socket_ = -1;
  }
}

answer_watch::guard::guard(answer_watch& watch, int socket, std::chrono::milliseconds limit)
  : watch_(watch) {
  watch_.set(socket, clock::now() + limit);
}

answer_watch::guard::~guard() {
  watch_.set(-1, {});
}

} // namespace spotter::persistence
