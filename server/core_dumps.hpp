#pragma once

namespace spotter::server {

/// Lets this process leave no image of its memory behind: no core dumps, of its children neither, and
/// no debugger but root's. To be called before it reads a secret.
void forbid_core_dumps();

} // namespace spotter::server
