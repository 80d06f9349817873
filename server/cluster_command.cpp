#include "server/cluster_command.hpp"

#include "persistence/cluster_rows.hpp"
#include "persistence/connection.hpp"
#include "server/embedded_access.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

namespace spotter::server {

namespace {

using action = cluster_options::action;
using messages::cluster_view;
using messages::node_info;

int fail(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  return 1;
}

std::int64_t owned_by(const cluster_view& view, const domain::uuid& incarnation) {
  return std::count_if(view.shards.begin(), view.shards.end(),
                       [&](const auto& shard) { return shard.owner == incarnation; });
}

std::string lease_of(const node_info& node) {
  if (node.state == messages::node_state::down)
    return "-";
  return fmt::format("{:.1f} s", static_cast<double>(node.lease_left_ms) / 1000);
}

void print(const cluster_view& view) {
  std::printf("%s",
              fmt::format("{:<20} {:<9} {:>6} {:>6} {:>7}  {:<10} {:<24} {}\n", "node", "state",
                          "shards", "weight", "lease", "protocols", "links", "clients")
                .c_str());
  for (const auto& node : view.nodes)
    std::printf("%s", fmt::format("{:<20} {:<9} {:>6} {:>6} {:>7}  {:<10} {:<24} {}{}\n",
                                  node.node_id, to_string(node.state),
                                  owned_by(view, node.incarnation), node.weight, lease_of(node),
                                  fmt::format("{}-{}", node.protocol_min, node.protocol_max),
                                  node.address, node.http_address,
                                  node.incarnation == view.leader ? "  leads" : "")
                        .c_str());
  const auto moving = std::count_if(view.shards.begin(), view.shards.end(), [](const auto& shard) {
    return !shard.target.is_nil() && shard.owner != shard.target;
  });
  std::printf("\nversion %lld, term %lld; %lld shards on the move, %lld without an owner\n",
              static_cast<long long>(view.version), static_cast<long long>(view.term),
              static_cast<long long>(moving),
              static_cast<long long>(owned_by(view, domain::uuid{})));
}

int run(pqxx::connection& connection, const cluster_options& options) {
  switch (options.what) {
    case action::status:
      print(persistence::view_cluster(connection));
      return 0;
    case action::drain: {
      pqxx::work tx{connection};
      const bool known =
        tx.query_value<bool>("SELECT spotter.request_drain($1)", pqxx::params{options.node_id});
      tx.commit();
      if (!known)
        return fail("No node called " + options.node_id
                    + " is there; `spotterd cluster status` lists them.");
      std::printf("%s gives its shards to the others now, and then only forwards. Stop it with "
                  "SIGTERM.\n",
                  options.node_id.c_str());
      return 0;
    }
    case action::rebalance: {
      pqxx::work tx{connection};
      tx.exec("SELECT spotter.rebalance()");
      tx.commit();
      std::printf("The leader looks at the places of all shards anew.\n");
      return 0;
    }
  }
  return 0;
}

} // namespace

int run_cluster(const cluster_options& options) {
  embedded_access embedded; // lives until the work is done
  persistence::connection_settings settings;
  settings.role = persistence::database_role::writer;
  settings.application_name = "spotterd cluster";
  settings.server = options.server;
  if (options.server.empty()) {
    auto opened = open_embedded(options.data_folder, true);
    if (!opened)
      return fail(opened.error());
    embedded = *std::move(opened);
    settings.server = embedded.server;
  }
  try {
    auto connection = persistence::connect(settings);
    return run(connection, options);
  } catch (const std::exception& why) {
    return fail(why.what());
  }
}

} // namespace spotter::server
