#pragma once

#include "actors/imports/import_plan.hpp"
#include "actors/jobs/job_actor.hpp"
#include "actors/session_request.hpp"

namespace spotter::actors {

/// What imports work with.
struct import_environment {
  messages::reader_actor reader;
  shard_directory shards;
  import_limits limits;
  session_patience patience;
  std::chrono::milliseconds read_timeout{30'000};
  std::int32_t doubts = 5; // outcomes that may stay unknown in one run before it is put off
  bool threads = true;     // a thread per import, for parsing is long; off where tests schedule
};

/// The worker of one import: answers once it has come to an end, as a `job_actor` does.
using import_worker = caf::typed_actor<caf::result<messages::end_job>(messages::job)>;

} // namespace spotter::actors
