#pragma once

#include "actors/messages/handles.hpp"

#include <caf/actor_system.hpp>
#include <caf/result.hpp>
#include <caf/typed_actor.hpp>

#include <functional>
#include <map>
#include <string>

namespace spotter::actors {

/// Does one job. Both answers tell how it ended, as an `end_job` whose `state` is
/// - `finished` or `cancelled`: there is nothing more to do;
/// - `retry`: a transient fault, `reason` says which; `delay_ms` is the least to wait, if known;
/// - `snooze`: the other side asked to wait `delay_ms` (0: it did not say how long);
/// - `dead`: trying again is no use, `reason` says why, and whoever waits for the job was told.
/// An error as the answer, and the actor's death, count as a crash. The actor quits by itself after
/// its answer.
///
/// `job` runs it. `end_job` buries it after its last try: the actor tells whoever waits for the job
/// that it failed, with `reason`, and answers `dead`, or `retry` where it could not tell them.
using job_actor = caf::typed_actor<caf::result<messages::end_job>(messages::job),
                                   caf::result<messages::end_job>(messages::end_job)>;

/// Makes the actor that does one job of some kind.
using job_spawner = std::function<job_actor(caf::actor_system&)>;

/// What kinds of jobs this node runs.
using job_table = std::map<std::string, job_spawner>;

} // namespace spotter::actors
