#include "server/core_dumps.hpp"

#include <spdlog/spdlog.h>

#include <sys/prctl.h>
#include <sys/resource.h>

namespace spotter::server {

void forbid_core_dumps() {
  // The limit alone would not do: a pattern that is a pipe gets dumps in spite of it.
  const rlimit none{0, 0};
  if (::setrlimit(RLIMIT_CORE, &none) != 0 || ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
    spdlog::warn("core dumps can't be forbidden: one would hold keys");
}

} // namespace spotter::server
