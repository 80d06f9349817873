#include "persistence/ownership.hpp"

namespace spotter::persistence {

shard_epochs take_all_shards(const connection_settings& settings, const domain::uuid& owner) {
  auto connection = connect(settings);
  pqxx::work tx{connection};
  shard_epochs epochs{};
  for (const auto& [shard, epoch] :
       tx.query<int, std::int64_t>("SELECT shard_id, epoch FROM spotter.take_shards($1)",
                                   pqxx::params{domain::to_string(owner)}))
    epochs.at(static_cast<std::size_t>(shard)) = epoch;
  tx.commit();
  return epochs;
}

} // namespace spotter::persistence
