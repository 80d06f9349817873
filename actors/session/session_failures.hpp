#pragma once

#include "actors/messages/store.hpp"

// What a session answers where it is not the command that is at fault.

namespace spotter::actors {

/// Its queue is full.
[[nodiscard]] messages::failure busy();

/// Nothing could be read, or nothing was stored.
[[nodiscard]] messages::failure database_away();

/// The session ends, and another will take the same command.
[[nodiscard]] messages::failure session_moved();

/// Nobody knows whether the command was stored.
[[nodiscard]] messages::failure in_doubt();

/// Why the writer stored nothing, said to the client.
[[nodiscard]] messages::failure not_stored(const messages::stored& result);

} // namespace spotter::actors
