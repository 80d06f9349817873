#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace spotter::persistence {

/// A user of the operating system that a child process runs as.
struct os_user {
  std::string name;
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;
};

/// The user this process runs as.
[[nodiscard]] std::optional<os_user> current_os_user();

/// The user of this name.
[[nodiscard]] std::optional<os_user> find_os_user(const std::string& name);

/// How to start a child.
struct child_options {
  std::vector<std::string> command;     // the first is the program's path
  std::vector<std::string> environment; // NAME=value; all there is
  std::optional<os_user> user;          // nullopt: as ourselves
  std::vector<int> kept_files;          // stay open in the child under the same numbers
  int output = -1;                      // becomes stdout and stderr; -1: /dev/null
  int death_signal = 0; // sent to the child when the *thread* that started it ends, however it ends
};

/// Starts a child in a session of its own, so that a terminal's Ctrl-C does not reach it, with
/// every signal at its default and the root folder as its own. Returns its id, or -1 with errno.
/// Safe in a process with many threads.
[[nodiscard]] pid_t start_child(const child_options& options);

/// Waits for any process (a child or not) to be gone. True when it is.
bool wait_for_exit(pid_t process, std::chrono::milliseconds limit);

/// How a command ended.
struct command_result {
  int status = -1;    // exit status; 128 + signal; -1 when it could not be started
  std::string output; // stdout and stderr, at most 64 KiB
};

/// Runs a command to its end and collects what it says.
[[nodiscard]] command_result run_command(child_options options);

} // namespace spotter::persistence
