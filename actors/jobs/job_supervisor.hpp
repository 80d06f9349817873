#pragma once

#include "actors/jobs/job_actor.hpp"
#include "actors/jobs/job_metrics.hpp"
#include "actors/jobs/retry_policy.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <chrono>
#include <random>

namespace spotter::actors {

/// How a node runs jobs.
struct job_settings {
  std::size_t slots = 2;                           // jobs at a time on this node
  std::chrono::milliseconds poll{5'000};           // how often to look without being woken
  std::chrono::milliseconds lease{30'000};         // a dead runner's jobs are rescued after this
  std::chrono::milliseconds longest{3'600'000};    // a job that runs longer counts as crashed
  std::chrono::milliseconds store_timeout{10'000}; // for answers of the job store
  retry_policy retry;
  bool own_kinds_only = false; // claim no jobs but those of the table's kinds
};

/// Claims due jobs and sees each to its end: one actor per node.
///
/// A job holds a slot from its claim until the store has taken its end. While it runs its lease is
/// renewed every third of the lease; when the lease is lost, or could not be renewed for its whole
/// length, the job is killed at once, for another runner may have it. A job whose claim already
/// exceeds the policy's tries (its runners died before they could say so) is buried unrun. Jobs of
/// kinds that are not in the table are buried by the store alone.
///
/// On its exit it gives running jobs back without using up a try, if the store still listens.
struct job_supervisor_state {
  static inline const char* name = "spotter.jobs";

  using actor_type = messages::job_supervisor_actor::extend<caf::result<void>(caf::tick_atom)>;

  job_supervisor_state(actor_type::pointer self, messages::job_store_actor store, job_table table,
                       job_settings settings);

  actor_type::behavior_type make_behavior();

private:
  using time_point = caf::actor_clock::time_point;

  struct running_job {
    messages::job claim;
    job_actor worker;
    time_point started;
    time_point leased_until; // by our own clock, from before the renewal was sent
    bool renewing = false;
    bool burying = false;
    std::optional<messages::end_job> end; // known, but not yet taken by the store
    bool ending = false;                  // on its way to the store
  };

  // A claim is identified by its job and lease: the same job can come back while an old answer
  // is still under way.
  using job_key = std::pair<domain::uuid, std::int64_t>;

  void tick();
  void poll();
  void start(const messages::job& claim);
  void bury(running_job& entry, std::string reason);
  void attend(const job_key& key, bool burial, caf::expected<messages::end_job> answer);
  void judge(running_job& entry, job_fault fault, std::string reason,
             std::chrono::milliseconds asked);
  void end(running_job& entry, messages::end_job how);
  void send_end(running_job& entry);
  void renew(running_job& entry);
  void lose(const job_key& key);
  void give_back();
  running_job* find(const job_key& key);
  void forget(const job_key& key);
  job_actor spawn_worker(const std::string& kind);

  actor_type::pointer self_;
  messages::job_store_actor store_;
  job_table table_;
  job_settings settings_;
  job_metrics metrics_;
  domain::uuid runner_id_;
  std::map<job_key, running_job> running_;
  bool claiming_ = false;
  bool woken_ = false; // while a claim was under way: look again
  std::minstd_rand luck_;
};

/// Spawns the supervisor, which begins to look for jobs at once.
messages::job_supervisor_actor spawn_job_supervisor(caf::actor_system& system,
                                                    messages::job_store_actor store,
                                                    job_table table, job_settings settings = {});

} // namespace spotter::actors
