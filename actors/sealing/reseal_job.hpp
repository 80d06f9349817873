#pragma once

#include "actors/jobs/job_actor.hpp"
#include "actors/sealing/sealed_rows.hpp"

#include <chrono>
#include <memory>

namespace spotter::actors::sealing {

/// What the job of kind `reseal` needs.
struct reseal_environment {
  sealing::sealer sealer;
  sealed_store store;
  std::shared_ptr<sealed_row_metrics> metrics;
  int batch = 200;                              // rows read and stored at a time
  std::chrono::minutes longest{10};             // then it gives its slot to others for a moment
  std::chrono::milliseconds other_node{10'000}; // until another node may take a job for its key
};

/// The job's subject: the name of the key that is to seal, with zeros behind it.
[[nodiscard]] domain::uuid reseal_subject(const std::string& key_id);

/// Puts under the sealer's first key whatever other keys have sealed, some rows at a time: the keys of
/// the secrets only, which are sealed by it, not what they encrypt. It has a thread of its own.
///
/// What is left to do stands in the rows themselves, so a job that was killed goes on where it was,
/// and a row that is changed meanwhile stays as it was changed. Rows that do not open are left alone;
/// the job goes on with the others and is buried with their number.
[[nodiscard]] job_spawner reseal_spawner(reseal_environment env);

/// Looks after sealed rows on a node: counts them once a minute, for the metric, and has a job made
/// where rows are left under other keys than the sealer's first, and that is the newest one. `wake`
/// is called for each job that was made.
[[nodiscard]] caf::actor spawn_sealed_row_watch(caf::actor_system& system, reseal_environment env,
                                                std::function<void()> wake);

} // namespace spotter::actors::sealing
