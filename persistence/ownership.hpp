#pragma once

#include "domain/uuid.hpp"
#include "persistence/connection.hpp"

#include <array>
#include <cstdint>

namespace spotter::persistence {

/// The epochs under which a node may write, by shard.
using shard_epochs = std::array<std::int64_t, 256>;

/// Makes `owner` the owner of all shards under new epochs. When it returns, every commit of a former
/// owner is done or will fail at the fence, so that what is loaded afterwards stays true. Throws what
/// libpqxx throws.
[[nodiscard]] shard_epochs take_all_shards(const connection_settings& settings,
                                           const domain::uuid& owner);

} // namespace spotter::persistence
