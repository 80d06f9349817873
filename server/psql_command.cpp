#include "server/psql_command.hpp"

#include "persistence/postgres_binaries.hpp"
#include "server/embedded_access.hpp"

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

extern "C" char** environ; // NOLINT: POSIX names it

namespace spotter::server {

namespace {

std::string find_psql() {
  if (auto found = persistence::find_postgres())
    if (auto path = found->path("psql"); ::access(path.c_str(), X_OK) == 0)
      return path;
  return "psql"; // wherever PATH has it
}

} // namespace

int run_psql(const std::filesystem::path& data_folder, const std::vector<std::string>& arguments) {
  auto access = open_embedded(data_folder, true);
  if (!access) {
    std::fprintf(stderr, "%s\n", access.error().c_str());
    return 1;
  }
  if (access->temporary)
    std::fprintf(stderr, "No server runs on %s: started its database for this session.\n",
                 data_folder.c_str());
  std::vector<std::string> command{find_psql(), access->superuser};
  command.insert(command.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (auto& word : command)
    pointers.push_back(word.data());
  pointers.push_back(nullptr);
  // Ctrl-C is psql's, to cancel a query; the database must outlive it.
  ::signal(SIGINT, SIG_IGN);
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  sigset_t interrupt;
  sigemptyset(&interrupt);
  sigaddset(&interrupt, SIGINT);
  ::posix_spawnattr_setsigdefault(&attributes, &interrupt);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  ::setenv("PGAPPNAME", "spotterd psql", 1);
  pid_t psql = 0;
  const int failed =
    ::posix_spawnp(&psql, pointers[0], nullptr, &attributes, pointers.data(), environ);
  ::posix_spawnattr_destroy(&attributes);
  if (failed != 0) {
    std::fprintf(stderr, "Can't run psql: %s. Install PostgreSQL's client package.\n",
                 std::strerror(failed));
    return 1;
  }
  int status = 0;
  while (::waitpid(psql, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

} // namespace spotter::server
