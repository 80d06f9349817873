#include "server/job_settings.hpp"

namespace spotter::server {

actors::job_settings job_settings_of(const config::settings& settings) {
  actors::job_settings out;
  out.slots = settings.jobs.slots;
  out.lease = settings.jobs.lease;
  out.retry.max_attempts = settings.jobs.max_attempts;
  out.retry.unit = settings.jobs.retry_unit;
  out.retry.max_delay = settings.jobs.max_delay;
  out.own_kinds_only = true;
  return out;
}

} // namespace spotter::server
