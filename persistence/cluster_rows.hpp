#pragma once

#include "actors/messages/cluster.hpp"

#include <pqxx/pqxx>

namespace spotter::persistence {

/// Each of these is one call of a function of migrations/0040_cluster, committed when it returns.
/// They throw what libpqxx throws.
[[nodiscard]] messages::cluster_lease join(pqxx::connection& connection,
                                           const messages::join_cluster& ask);
[[nodiscard]] messages::cluster_lease renew(pqxx::connection& connection,
                                            const messages::renew_lease& ask);
[[nodiscard]] messages::cluster_lease change(pqxx::connection& connection,
                                             const messages::change_state& ask);
[[nodiscard]] messages::cluster_lease place(pqxx::connection& connection,
                                            const messages::place_shards& ask);
[[nodiscard]] messages::shards_held take(pqxx::connection& connection,
                                         const messages::take_shards& ask);
[[nodiscard]] messages::shards_held give(pqxx::connection& connection,
                                         const messages::give_shards& ask);

/// All that the coordinator knows, read at once.
[[nodiscard]] messages::cluster_view view_cluster(pqxx::connection& connection);

} // namespace spotter::persistence
