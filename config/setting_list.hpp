#pragma once

#include "config/setting_visitor.hpp"
#include "config/settings.hpp"

namespace spotter::config {

/// Shows each key to the visitor, with its bounds and what it means, in the order of the file. This
/// one list serves the file, the environment and the documentation, so that none is forgotten.
void visit(setting_visitor& v, settings& s);

} // namespace spotter::config
