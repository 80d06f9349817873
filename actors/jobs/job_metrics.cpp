#include "actors/jobs/job_metrics.hpp"

namespace spotter::actors {

namespace {

caf::string_view view(std::string_view text) {
  return {text.data(), text.size()};
}

} // namespace

job_metrics::job_metrics(caf::actor_system& system) {
  auto& registry = system.metrics();
  claimed_ = registry.counter_family("spotter", "jobs-claimed", {"kind"},
                                     "Jobs that this node began.", "1", true);
  ended_ = registry.counter_family("spotter", "jobs-ended", {"kind", "state"},
                                   "How tries of jobs ended; dead ones stay so.", "1", true);
  lost_ = registry.counter_family("spotter", "job-leases-lost", {"kind"},
                                  "Jobs given up because another runner may have them.", "1", true);
  store_failures_ = registry.counter_singleton(
    "spotter", "job-store-failures", "Requests that the job store did not answer.", "1", true);
  running_ = registry.gauge_singleton("spotter", "jobs-running", "Jobs that hold a slot.");
}

void job_metrics::claimed(std::string_view kind) {
  claimed_->get_or_add({{"kind", view(kind)}})->inc();
}

void job_metrics::ended(std::string_view kind, std::string_view state) {
  ended_->get_or_add({{"kind", view(kind)}, {"state", view(state)}})->inc();
}

void job_metrics::lease_lost(std::string_view kind) {
  lost_->get_or_add({{"kind", view(kind)}})->inc();
}

void job_metrics::store_failed() {
  store_failures_->inc();
}

void job_metrics::running(std::int64_t count) {
  running_->value(count);
}

} // namespace spotter::actors
