#pragma once

#include "actors/jobs/job_supervisor.hpp"
#include "config/settings.hpp"

namespace spotter::server {

/// How a supervisor runs jobs by the settings: of its own kinds only, since a node has several.
[[nodiscard]] actors::job_settings job_settings_of(const config::settings& settings);

} // namespace spotter::server
