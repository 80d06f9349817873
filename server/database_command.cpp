#include "server/database_command.hpp"

#include "persistence/embedded_postgres.hpp"

#include <csignal>
#include <cstdio>

namespace spotter::server {

int run_database(const std::filesystem::path& data_folder, int max_connections) {
  persistence::embedded_postgres_options options;
  options.max_connections = max_connections;
  options.report = [](const std::string& what) { std::fprintf(stderr, "%s\n", what.c_str()); };
  auto started = persistence::embedded_postgres::start(data_folder, std::move(options));
  if (!started) {
    std::fprintf(stderr, "%s\n", started.error().c_str());
    return 1;
  }
  std::printf("%s\n", (*started)->server().c_str());
  std::fflush(stdout);
  sigset_t ending;
  sigemptyset(&ending);
  sigaddset(&ending, SIGTERM);
  sigaddset(&ending, SIGINT);
  int signal = 0;
  sigwait(&ending, &signal);
  (*started)->stop();
  return 0;
}

} // namespace spotter::server
