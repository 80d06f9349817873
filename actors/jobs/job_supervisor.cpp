#include "actors/jobs/job_supervisor.hpp"

#include <caf/send.hpp>

#include <spdlog/spdlog.h>

#include <algorithm>

// Who has authority: the row in the store, by its lease number. What this actor holds is only what
// it believes; every answer of the store overrules it.

namespace spotter::actors {

namespace {

using messages::end_job;

end_job with_state(const messages::job& claim, std::string_view state) {
  return end_job{claim, std::string{state}, 0, {}};
}

} // namespace

job_supervisor_state::job_supervisor_state(actor_type::pointer self,
                                           messages::job_store_actor store, job_table table,
                                           job_settings settings)
  : self_(self), store_(std::move(store)), table_(std::move(table)), settings_(settings),
    metrics_(self->system()), runner_id_(domain::make_uuid_v7()) {
  // The random tail of the id: enough for jitter, and no second source of randomness.
  const auto& seed = runner_id_.bytes;
  luck_.seed(static_cast<std::uint32_t>(seed[12]) << 24 | static_cast<std::uint32_t>(seed[13]) << 16
             | static_cast<std::uint32_t>(seed[14]) << 8 | seed[15]);
}

job_supervisor_state::actor_type::behavior_type job_supervisor_state::make_behavior() {
  self_->set_exit_handler([this](caf::exit_msg& msg) {
    give_back();
    self_->quit(std::move(msg.reason));
  });
  self_->send(self_, caf::tick_atom_v);
  return {
    [this](messages::jobs_queued) { poll(); },
    [this](caf::tick_atom) { tick(); },
  };
}

void job_supervisor_state::tick() {
  const auto now = self_->clock().now();
  std::vector<job_key> lost;
  for (auto& [key, entry] : running_) {
    if (now >= entry.leased_until) {
      lost.push_back(key);
    } else if (entry.end) {
      if (!entry.ending)
        send_end(entry);
    } else if (now - entry.started >= settings_.longest && !entry.burying) {
      self_->send_exit(entry.worker, caf::exit_reason::kill);
      judge(entry, job_fault::crashed, "The job ran too long.", {});
    } else if (entry.leased_until - now < settings_.lease * 2 / 3) {
      renew(entry);
    }
  }
  for (const auto& key : lost)
    lose(key);
  poll();
  // Often enough for the heartbeat, whatever the poll is set to.
  const auto pause = std::min(settings_.poll, settings_.lease / 6);
  self_->delayed_send(self_, pause, caf::tick_atom_v);
}

void job_supervisor_state::poll() {
  if (claiming_) {
    woken_ = true;
    return;
  }
  woken_ = false;
  if (running_.size() >= settings_.slots)
    return;
  claiming_ = true;
  const auto free = static_cast<std::int32_t>(settings_.slots - running_.size());
  const auto asked_at = self_->clock().now();
  messages::claim_jobs ask{runner_id_, free, static_cast<std::int32_t>(settings_.lease.count())};
  if (settings_.own_kinds_only)
    for (const auto& [kind, spawner] : table_)
      ask.kinds.push_back(kind);
  self_->request(store_, settings_.store_timeout, ask)
    .then(
      [this, asked_at, free](const messages::claimed_jobs& claimed) {
        claiming_ = false;
        for (const auto& claim : claimed.jobs) {
          start(claim);
          if (auto* entry = find({claim.job_id, claim.lease}))
            entry->leased_until = asked_at + settings_.lease;
        }
        if (woken_ || claimed.jobs.size() == static_cast<std::size_t>(free))
          poll();
      },
      [this](const caf::error& why) {
        claiming_ = false;
        metrics_.store_failed();
        spdlog::warn("Jobs could not be claimed: {}", to_string(why));
      });
}

void job_supervisor_state::start(const messages::job& claim) {
  const job_key key{claim.job_id, claim.lease};
  auto& entry = running_[key];
  entry.claim = claim;
  entry.started = self_->clock().now();
  entry.leased_until = entry.started + settings_.lease;
  metrics_.claimed(claim.kind);
  metrics_.running(static_cast<std::int64_t>(running_.size()));
  if (!table_.contains(claim.kind)) {
    judge(entry, job_fault::transient, "This release does not know the kind " + claim.kind + ".",
          {});
    return;
  }
  if (claim.attempt > settings_.retry.max_attempts) {
    bury(entry, "Its runners ended before they could say why.");
    return;
  }
  spdlog::info("Job {} ({}) begins, try {}", to_string(claim.job_id), claim.kind, claim.attempt);
  entry.worker = spawn_worker(claim.kind);
  self_->request(entry.worker, caf::infinite, claim)
    .then([this, key](end_job& answer) { attend(key, false, std::move(answer)); },
          [this, key](caf::error& why) { attend(key, false, std::move(why)); });
}

job_actor job_supervisor_state::spawn_worker(const std::string& kind) {
  return table_.at(kind)(self_->system());
}

void job_supervisor_state::attend(const job_key& key, bool burial, caf::expected<end_job> answer) {
  auto* entry = find(key);
  if (!entry || entry->end || entry->burying != burial)
    return; // lost, or judged, before it answered
  if (!answer) {
    const auto why = to_string(answer.error());
    spdlog::error("Job {} ({}) crashed: {}", to_string(key.first), entry->claim.kind, why);
    judge(*entry, job_fault::crashed, "The job crashed: " + why, {});
    return;
  }
  const std::chrono::milliseconds asked{std::max<std::int64_t>(answer->delay_ms, 0)};
  if (answer->state == "retry")
    judge(*entry, job_fault::transient, std::move(answer->reason), asked);
  else if (answer->state == "snooze")
    judge(*entry, job_fault::rate_limited, std::move(answer->reason), asked);
  else
    end(*entry, std::move(*answer)); // finished, cancelled, or dead with its owner told
}

void job_supervisor_state::judge(running_job& entry, job_fault fault, std::string reason,
                                 std::chrono::milliseconds asked) {
  const double luck = static_cast<double>(luck_()) / 2147483648.0;
  auto how = with_state(entry.claim, "retry");
  how.reason = std::move(reason);
  if (entry.burying) {
    // The grave waits for whoever must be told; the next claim goes straight to the burial.
    how.delay_ms = settings_.retry.snooze.count();
    end(entry, std::move(how));
    return;
  }
  const auto decision = settings_.retry.judge(fault, entry.claim.attempt, asked, luck);
  spdlog::warn("Job {} ({}), try {}: {} ({})", to_string(entry.claim.job_id), entry.claim.kind,
               entry.claim.attempt, how.reason, to_string(fault));
  if (decision.verdict == job_verdict::bury) {
    bury(entry, std::move(how.reason));
    return;
  }
  if (decision.verdict == job_verdict::snooze)
    how.state = "snooze";
  how.delay_ms = decision.delay.count();
  end(entry, std::move(how));
}

void job_supervisor_state::bury(running_job& entry, std::string reason) {
  auto how = with_state(entry.claim, "dead");
  how.reason = std::move(reason);
  if (!table_.contains(entry.claim.kind)) {
    end(entry, std::move(how));
    return;
  }
  entry.burying = true;
  entry.worker = spawn_worker(entry.claim.kind);
  const job_key key{entry.claim.job_id, entry.claim.lease};
  self_->request(entry.worker, caf::infinite, std::move(how))
    .then([this, key](end_job& answer) { attend(key, true, std::move(answer)); },
          [this, key](caf::error& why) { attend(key, true, std::move(why)); });
}

void job_supervisor_state::end(running_job& entry, end_job how) {
  how.claim = entry.claim; // a worker's word counts for its own job only
  if (how.state == "dead")
    spdlog::error("Job {} ({}) is a dead letter after try {}: {}", to_string(entry.claim.job_id),
                  entry.claim.kind, entry.claim.attempt, how.reason);
  entry.end = std::move(how);
  send_end(entry);
}

void job_supervisor_state::send_end(running_job& entry) {
  entry.ending = true;
  const job_key key{entry.claim.job_id, entry.claim.lease};
  self_->request(store_, settings_.store_timeout, *entry.end)
    .then(
      [this, key](const messages::job_ended& ended) {
        auto* done = find(key);
        if (!done)
          return;
        if (ended.applied)
          metrics_.ended(done->claim.kind, done->end->state);
        else
          metrics_.lease_lost(done->claim.kind);
        forget(key);
        poll();
      },
      [this, key](const caf::error& why) {
        metrics_.store_failed();
        spdlog::warn("The end of job {} is not stored yet: {}", to_string(key.first),
                     to_string(why));
        if (auto* still = find(key))
          still->ending = false; // the next tick tries again
      });
}

void job_supervisor_state::renew(running_job& entry) {
  if (entry.renewing)
    return;
  entry.renewing = true;
  const job_key key{entry.claim.job_id, entry.claim.lease};
  const auto asked_at = self_->clock().now();
  const messages::renew_job ask{entry.claim, static_cast<std::int32_t>(settings_.lease.count())};
  self_->request(store_, settings_.store_timeout, ask)
    .then(
      [this, key, asked_at](const messages::job_ended& renewed) {
        auto* entry = find(key);
        if (!entry)
          return;
        entry->renewing = false;
        if (renewed.applied)
          entry->leased_until = asked_at + settings_.lease;
        else
          lose(key);
      },
      [this, key](const caf::error& why) {
        metrics_.store_failed();
        spdlog::warn("The lease of job {} is not renewed: {}", to_string(key.first),
                     to_string(why));
        if (auto* entry = find(key))
          entry->renewing = false;
      });
}

void job_supervisor_state::lose(const job_key& key) {
  auto* entry = find(key);
  if (!entry)
    return;
  spdlog::warn("Job {} ({}): the lease is lost, it is given up here", to_string(key.first),
               entry->claim.kind);
  metrics_.lease_lost(entry->claim.kind);
  if (entry->worker)
    self_->send_exit(entry->worker, caf::exit_reason::kill);
  forget(key);
}

void job_supervisor_state::give_back() {
  for (auto& [key, entry] : running_) {
    if (entry.worker)
      self_->send_exit(entry.worker, caf::exit_reason::user_shutdown);
    auto how = entry.end ? *entry.end : with_state(entry.claim, "snooze");
    if (!entry.end)
      how.reason = "The node stopped.";
    caf::anon_send(store_, std::move(how));
  }
  running_.clear();
}

job_supervisor_state::running_job* job_supervisor_state::find(const job_key& key) {
  const auto found = running_.find(key);
  return found == running_.end() ? nullptr : &found->second;
}

void job_supervisor_state::forget(const job_key& key) {
  running_.erase(key);
  metrics_.running(static_cast<std::int64_t>(running_.size()));
}

messages::job_supervisor_actor spawn_job_supervisor(caf::actor_system& system,
                                                    messages::job_store_actor store,
                                                    job_table table, job_settings settings) {
  using implementation = job_supervisor_state::actor_type::stateful_impl<job_supervisor_state>;
  return system.spawn<implementation>(std::move(store), std::move(table), settings);
}

} // namespace spotter::actors
