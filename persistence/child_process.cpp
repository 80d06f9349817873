#include "persistence/child_process.hpp"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <thread>

namespace spotter::persistence {

namespace {

using std::chrono::milliseconds;
using clock = std::chrono::steady_clock;

std::optional<os_user> described(const passwd* entry) {
  if (!entry)
    return std::nullopt;
  os_user user{entry->pw_name, entry->pw_uid, entry->pw_gid, {}};
  int count = 64;
  user.groups.resize(static_cast<std::size_t>(count));
  if (getgrouplist(entry->pw_name, entry->pw_gid, user.groups.data(), &count) < 0)
    return std::nullopt;
  user.groups.resize(static_cast<std::size_t>(count));
  return user;
}

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> out;
  for (const auto& text : strings)
    out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

void close_quietly(int file) {
  if (file >= 0)
    ::close(file);
}

// What runs between fork and exec: only what is safe there, nothing that allocates or locks.
[[noreturn]] void become(const child_options& options, char* const* command,
                         char* const* environment, pid_t parent, int failure) {
  auto give_up = [failure] {
    const int why = errno;
    [[maybe_unused]] auto told = ::write(failure, &why, sizeof why);
    ::_exit(127);
  };
  ::setsid();
  for (int signal = 1; signal < 32; ++signal)
    ::signal(signal, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  const int null = ::open("/dev/null", O_RDWR);
  const int output = options.output < 0 ? null : options.output;
  if (null < 0 || ::dup2(null, 0) < 0 || ::dup2(output, 1) < 0 || ::dup2(output, 2) < 0)
    give_up();
  for (int file : options.kept_files)
    if (::fcntl(file, F_SETFD, 0) != 0)
      give_up();
  if (::chdir("/") != 0)
    give_up();
  if (options.user) {
    const auto& user = *options.user;
    if (::setgroups(user.groups.size(), user.groups.data()) != 0 || ::setgid(user.gid) != 0
        || ::setuid(user.uid) != 0)
      give_up();
  }
  if (options.death_signal != 0) {
    // Changing the user clears it, so it comes after; the parent may be gone already.
    if (::prctl(PR_SET_PDEATHSIG, options.death_signal) != 0)
      give_up();
    if (::getppid() != parent)
      ::_exit(127);
  }
  ::execve(command[0], command, environment);
  give_up();
  ::_exit(127);
}

} // namespace

std::optional<os_user> current_os_user() {
  return described(::getpwuid(::geteuid()));
}

std::optional<os_user> find_os_user(const std::string& name) {
  return described(::getpwnam(name.c_str()));
}

pid_t start_child(const child_options& options) {
  const auto command = pointers(options.command);
  const auto environment = pointers(options.environment);
  std::array<int, 2> failure{-1, -1};
  if (::pipe2(failure.data(), O_CLOEXEC) != 0)
    return -1;
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child == 0)
    become(options, command.data(), environment.data(), parent, failure[1]);
  const int fork_error = errno;
  ::close(failure[1]);
  int why = 0;
  // Ends at once when exec closes the other end.
  const auto got = child > 0 ? ::read(failure[0], &why, sizeof why) : 0;
  ::close(failure[0]);
  if (child < 0) {
    errno = fork_error;
    return -1;
  }
  if (got == sizeof why) {
    ::waitpid(child, nullptr, 0);
    errno = why;
    return -1;
  }
  return child;
}

bool wait_for_exit(pid_t process, milliseconds limit) {
  const auto deadline = clock::now() + limit;
  const int handle = static_cast<int>(::syscall(SYS_pidfd_open, process, 0));
  if (handle < 0 && errno == ESRCH)
    return true;
  bool gone = false;
  while (!gone) {
    const auto left = std::chrono::duration_cast<milliseconds>(deadline - clock::now());
    if (handle >= 0) {
      pollfd waited{handle, POLLIN, 0};
      const int got = ::poll(&waited, 1, std::max(0, static_cast<int>(left.count())));
      gone = got > 0;
    } else { // a kernel without pidfd_open
      gone = ::kill(process, 0) != 0 && errno == ESRCH;
      if (!gone)
        std::this_thread::sleep_for(milliseconds{20});
    }
    if (left.count() <= 0)
      break;
  }
  close_quietly(handle);
  return gone;
}

command_result run_command(child_options options) {
  constexpr std::size_t output_limit = 64 * 1024;
  std::array<int, 2> output{-1, -1};
  if (::pipe2(output.data(), O_CLOEXEC) != 0)
    return {-1, std::strerror(errno)};
  options.output = output[1];
  const pid_t child = start_child(options);
  const int why = errno;
  ::close(output[1]);
  if (child < 0) {
    ::close(output[0]);
    return {-1, options.command.at(0) + ": " + std::strerror(why)};
  }
  command_result result;
  std::array<char, 4096> part{};
  for (;;) {
    const auto got = ::read(output[0], part.data(), part.size());
    if (got < 0 && errno == EINTR)
      continue;
    if (got <= 0)
      break;
    if (result.output.size() < output_limit)
      result.output.append(part.data(), static_cast<std::size_t>(got));
  }
  ::close(output[0]);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

} // namespace spotter::persistence
