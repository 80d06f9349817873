#pragma once

#include "actors/messages/failure.hpp"
#include "actors/messages/shared_text.hpp"

#include <string>
#include <vector>

// Durable work that outlives a request. A job is a row with a lease; whoever claims it must renew
// the lease by heartbeats until it ends, or another runner takes over.

namespace spotter::messages {

/// A claimed job.
struct job {
  domain::uuid job_id;
  domain::uuid user_id;
  std::string kind;         // "import"
  domain::uuid subject_id;  // the import
  std::int32_t attempt = 0; // this one, from 1
  std::int64_t lease = 0;   // fencing number of this claim
};

/// Asks for due jobs, claimed for `lease_ms`. Answered with `claimed_jobs`.
struct claim_jobs {
  domain::uuid runner_id;
  std::int32_t limit = 1;
  std::int32_t lease_ms = 30'000;
  std::vector<std::string> kinds = {}; // of these only; empty: of all
};

struct claimed_jobs {
  std::vector<job> jobs;
};

/// Renews a lease. Answered with `job_ended{applied = false}` where it was lost.
struct renew_job {
  job claim;
  std::int32_t lease_ms = 30'000;
};

/// Ends a job, or puts it back: `state` is finished, retry (due after `delay_ms`), snooze (due
/// after `delay_ms`, the attempt does not count), dead or cancelled.
struct end_job {
  job claim;
  std::string state;
  std::int64_t delay_ms = 0;
  std::string reason; // for retry, dead and snooze
};

/// The answer to `renew_job` and `end_job`: false where another runner holds the job now.
struct job_ended {
  bool applied = false;
};

/// Asks for an import's file and settings. Answered with `import_file`.
struct load_import_file {
  domain::uuid user_id;
  domain::uuid import_id;
};

struct import_file {
  bool found = false;
  std::string unit;
  std::string time_zone;
  shared_text content;
};

/// Wakes the job runners: something was queued.
struct jobs_queued {};

/// Asks for the names of the exercises that a user can use. Answered with `exercise_names`.
struct load_exercise_names {
  domain::uuid user_id;
};

struct exercise_name {
  domain::uuid exercise_id;
  bool own = false;
  std::string name;
  std::string equipment; // a slug, or empty
  std::vector<std::string> aliases;
};

struct exercise_names {
  std::vector<exercise_name> exercises;
};

template <class Inspector>
bool inspect(Inspector& f, job& x) {
  return f.object(x).fields(f.field("job_id", x.job_id), f.field("user_id", x.user_id),
                            f.field("kind", x.kind), f.field("subject_id", x.subject_id),
                            f.field("attempt", x.attempt), f.field("lease", x.lease));
}

template <class Inspector>
bool inspect(Inspector& f, claim_jobs& x) {
  return f.object(x).fields(f.field("runner_id", x.runner_id), f.field("limit", x.limit),
                            f.field("lease_ms", x.lease_ms), f.field("kinds", x.kinds));
}

template <class Inspector>
bool inspect(Inspector& f, claimed_jobs& x) {
  return f.object(x).fields(f.field("jobs", x.jobs));
}

template <class Inspector>
bool inspect(Inspector& f, renew_job& x) {
  return f.object(x).fields(f.field("claim", x.claim), f.field("lease_ms", x.lease_ms));
}

template <class Inspector>
bool inspect(Inspector& f, end_job& x) {
  return f.object(x).fields(f.field("claim", x.claim), f.field("state", x.state),
                            f.field("delay_ms", x.delay_ms), f.field("reason", x.reason));
}

template <class Inspector>
bool inspect(Inspector& f, job_ended& x) {
  return f.object(x).fields(f.field("applied", x.applied));
}

template <class Inspector>
bool inspect(Inspector& f, load_import_file& x) {
  return f.object(x).fields(f.field("user_id", x.user_id), f.field("import_id", x.import_id));
}

template <class Inspector>
bool inspect(Inspector& f, import_file& x) {
  return f.object(x).fields(f.field("found", x.found), f.field("unit", x.unit),
                            f.field("time_zone", x.time_zone), f.field("content", x.content));
}

template <class Inspector>
bool inspect(Inspector& f, jobs_queued& x) {
  return f.object(x).fields();
}

template <class Inspector>
bool inspect(Inspector& f, load_exercise_names& x) {
  return f.object(x).fields(f.field("user_id", x.user_id));
}

template <class Inspector>
bool inspect(Inspector& f, exercise_name& x) {
  return f.object(x).fields(f.field("exercise_id", x.exercise_id), f.field("own", x.own),
                            f.field("name", x.name), f.field("equipment", x.equipment),
                            f.field("aliases", x.aliases));
}

template <class Inspector>
bool inspect(Inspector& f, exercise_names& x) {
  return f.object(x).fields(f.field("exercises", x.exercises));
}

} // namespace spotter::messages
