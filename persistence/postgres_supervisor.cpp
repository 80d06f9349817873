#include "persistence/postgres_supervisor.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace spotter::persistence {

namespace {

using std::chrono::milliseconds;
using clock = std::chrono::steady_clock;

constexpr milliseconds longest_backoff{5'000};
constexpr milliseconds immediate_limit{5'000};
constexpr std::chrono::seconds long_enough{
  30}; // up for so long, a server starts afresh with backoff

std::string how_it_ended(int status) {
  if (WIFSIGNALED(status))
    return "killed by signal " + std::to_string(WTERMSIG(status));
  return "exit status " + std::to_string(WEXITSTATUS(status));
}

bool reap(pid_t child, int& status) {
  const auto got = ::waitpid(child, &status, WNOHANG);
  return got == child || (got < 0 && errno == ECHILD);
}

} // namespace

postgres_supervisor::postgres_supervisor(const cluster_folder& folder, child_options server,
                                         supervision how)
  : folder_{folder}, server_{std::move(server)}, how_{std::move(how)}, wake_{::eventfd(
                                                                         0, EFD_CLOEXEC
                                                                              | EFD_NONBLOCK)} {}

postgres_supervisor::~postgres_supervisor() {
  stop();
}

void postgres_supervisor::start() {
  thread_ = std::thread{[this] { supervise(); }};
}

void postgres_supervisor::stop() {
  stopping_ = true;
  const std::uint64_t one = 1;
  [[maybe_unused]] auto told = ::write(wake_.number(), &one, sizeof one);
  if (thread_.joinable())
    thread_.join();
}

void postgres_supervisor::report(const std::string& what) const {
  if (how_.report)
    how_.report(what);
}

void postgres_supervisor::supervise() {
  auto pause = how_.first_backoff;
  while (!stopping_) {
    const auto started = clock::now();
    const auto ended = run_once();
    if (!ended || stopping_)
      break;
    ++deaths_;
    if (clock::now() - started > long_enough)
      pause = how_.first_backoff;
    report("The embedded PostgreSQL ended (" + *ended + "); starting it again in "
           + std::to_string(pause.count()) + " ms.");
    wait_for_stop(pause);
    pause = std::min(pause * 2, longest_backoff);
    // The children of a killed server end by themselves, and a new one must not meet them.
    clear_leftovers();
    if (!stopping_)
      ++restarts_;
  }
}

// Runs the server until it ends; says how, or nullopt after a stop that was asked for.
std::optional<std::string> postgres_supervisor::run_once() {
  const open_file log{folder_.open_log()};
  server_.output = log.number();
  const pid_t child = start_child(server_);
  if (child < 0)
    return server_.command.at(0) + ": " + std::strerror(errno);
  process_ = child;
  const open_file handle{static_cast<int>(::syscall(SYS_pidfd_open, child, 0))};
  int status = 0;
  bool gone = false;
  while (!gone && !stopping_) {
    wait_for_stop(milliseconds{handle.number() < 0 ? 50 : -1}, handle.number());
    gone = reap(child, status);
  }
  if (!gone)
    end(child);
  process_ = 0;
  if (gone && !stopping_)
    return how_it_ended(status);
  return std::nullopt;
}

void postgres_supervisor::end(pid_t child) {
  ::kill(child, SIGINT);
  if (!wait_for_exit(child, how_.stop_limit)) {
    report("The embedded PostgreSQL does not stop; stopping it at once.");
    ::kill(child, SIGQUIT);
    if (!wait_for_exit(child, immediate_limit))
      ::kill(child, SIGKILL);
  }
  ::waitpid(child, nullptr, 0);
  clear_leftovers();
}

void postgres_supervisor::clear_leftovers() const {
  if (!folder_.end_leftovers(immediate_limit))
    report("Processes of the embedded PostgreSQL are still there and can't be ended.");
}

void postgres_supervisor::wait_for_stop(milliseconds limit, int also) const {
  std::array<pollfd, 2> waited{{{wake_.number(), POLLIN, 0}, {also, POLLIN, 0}}};
  ::poll(waited.data(), waited.size(), static_cast<int>(limit.count()));
}

} // namespace spotter::persistence
