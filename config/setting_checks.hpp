#pragma once

#include "config/settings.hpp"

namespace spotter::config {

/// What is wrong with values that are each within their bounds: names of unknown things, and what does
/// not go together. A sentence each is put to `errors`.
void check(const settings& s, config_errors& errors);

} // namespace spotter::config
