// A PostgreSQL for the benchmarks, exactly as the embedded one of a server, but with room for the
// connections of pgbench and of the peers.
//
// Usage: bench_database FOLDER. Says on standard output how to reach it, then serves until standard
// input ends.

#include "persistence/embedded_postgres.hpp"

#include <cstdio>
#include <string>

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: bench_database FOLDER\n");
    return 2;
  }
  spotter::persistence::embedded_postgres_options options;
  options.max_connections = 200;
  auto database = spotter::persistence::embedded_postgres::start(argv[1], std::move(options));
  if (!database) {
    std::fprintf(stderr, "bench_database: %s\n", database.error().c_str());
    return 1;
  }
  std::printf("%s\n", (*database)->server().c_str());
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
  return 0;
}
