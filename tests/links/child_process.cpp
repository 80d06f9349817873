#include "tests/links/child_process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>

namespace spotter::test {

child_process::child_process(std::vector<std::string> command) {
  int in[2];
  int out[2];
  if (::pipe2(in, O_CLOEXEC) != 0 || ::pipe2(out, O_CLOEXEC) != 0)
    throw std::runtime_error("no pipe");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in[0], 0);
  posix_spawn_file_actions_adddup2(&actions, out[1], 1);
  std::vector<char*> arguments;
  for (auto& word : command)
    arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const int failed =
    ::posix_spawn(&pid_, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(in[0]);
  ::close(out[1]);
  to_ = ::fdopen(in[1], "w");
  from_ = ::fdopen(out[0], "r");
  if (failed != 0)
    throw std::runtime_error("the child can't be started");
}

child_process::~child_process() {
  if (pid_ > 0) {
    signal(SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  std::fclose(to_);
  std::fclose(from_);
}

std::string child_process::read_line() {
  char* line = nullptr;
  std::size_t room = 0;
  const auto size = ::getline(&line, &room, from_);
  std::string out{line ? line : "", size > 0 ? static_cast<std::size_t>(size) : 0};
  std::free(line);
  if (size <= 0)
    throw std::runtime_error("the child says nothing");
  if (out.back() == '\n')
    out.pop_back();
  return out;
}

void child_process::write_line(const std::string& line) {
  std::fprintf(to_, "%s\n", line.c_str());
  std::fflush(to_);
}

void child_process::signal(int number) const {
  ::kill(pid_, number);
}

} // namespace spotter::test
