#include "bench/load/measurements.hpp"

#include <cstdio>
#include <exception>
#include <string>

using namespace spotter::bench;

int main(int argc, char** argv) {
  struct {
    const char* name;
    int (*run)(options&);
  } const measurements[] = {{"sets", measure_sets},     {"latency", measure_latency},
                            {"fanout", measure_fanout}, {"idle", hold_idle},
                            {"pages", measure_pages},   {"fsync", measure_fsync}};
  try {
    options given{argc, argv, 2};
    const std::string name = argc > 1 ? argv[1] : "";
    for (const auto& one : measurements)
      if (one.name == name)
        return one.run(given);
    std::fprintf(stderr, "spotter_load: there is no measurement '%s'\n", name.c_str());
  } catch (const std::exception& why) {
    std::fprintf(stderr, "spotter_load: %s\n", why.what());
  }
  return 1;
}
