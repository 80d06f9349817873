#pragma once

#include "persistence/connection.hpp"

#include <cstddef>
#include <optional>
#include <string>

namespace spotter::persistence {

/// Asks the server (connected to directly) how many connections it can give. Says, in a sentence,
/// what is wrong when `wanted` are more than that; throws what libpqxx throws.
[[nodiscard]] std::optional<std::string> too_many_connections(const connection_settings& direct,
                                                              std::size_t wanted);

} // namespace spotter::persistence
