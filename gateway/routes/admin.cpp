#include "domain/json.hpp"
#include "gateway/routes/answers.hpp"

#include <algorithm>

// What operators see: callers with the role `admin` only.

namespace spotter::gateway {

namespace {

using messages::cluster_status;

constexpr std::chrono::milliseconds status_timeout{2'000};

/// The operator's name of a node; nothing for nobody and for those that are forgotten.
const messages::node_info* find_node(const messages::cluster_view& view, const domain::uuid& id) {
  const auto it = std::find_if(view.nodes.begin(), view.nodes.end(),
                               [&id](const auto& node) { return node.incarnation == id; });
  return it == view.nodes.end() ? nullptr : &*it;
}

void write_name(domain::json_writer& json, const messages::cluster_view& view,
                std::string_view name, const domain::uuid& id) {
  json.key(name);
  if (id.is_nil())
    json.null();
  else if (const auto* node = find_node(view, id))
    json.value(std::string_view{node->node_id});
  else
    json.value(id);
}

void write_members(domain::json_writer& json, const messages::node_info& node) {
  json.member("id", std::string_view{node.node_id})
    .member("incarnation", node.incarnation)
    .member("state", to_string(node.state))
    .member("address", std::string_view{node.address})
    .member("http_address", std::string_view{node.http_address})
    .member("release", std::string_view{node.release})
    .member("weight", node.weight)
    .key("protocol")
    .begin_object()
    .member("min", node.protocol_min)
    .member("max", node.protocol_max)
    .end_object()
    .member("joined_at", node.joined_at);
}

/// The node that answers, as it sees itself.
void write_self(domain::json_writer& json, const cluster_status& status) {
  json.begin_object();
  write_members(json, status.self);
  json.member("lease_held", status.lease_held)
    .member("lease_left_ms", status.lease_left_ms)
    .member("leading", status.leading)
    .key("refused");
  if (status.refused.empty())
    json.null();
  else
    json.value(std::string_view{status.refused});
  json.member("shards", static_cast<std::int64_t>(status.owned.size()))
    .member("taking", status.taking)
    .member("giving", status.giving)
    .member("taken", status.taken)
    .member("given", status.given)
    .member("fences", status.fences)
    .member("waiting_requests", status.buffered)
    .key("handoffs_ms")
    .begin_array();
  for (const auto ms : status.handoffs_ms)
    json.value(ms);
  json.end_array().end_object();
}

void write(domain::json_writer& json, const cluster_status& status) {
  const auto& view = status.view;
  json.begin_object().key("self");
  write_self(json, status);
  json.member("version", view.version);
  write_name(json, view, "leader", view.leader);
  json.member("term", view.term).key("nodes").begin_array();
  for (const auto& node : view.nodes) {
    json.begin_object();
    write_members(json, node);
    const auto shards = std::count_if(view.shards.begin(), view.shards.end(),
                                      [&](const auto& s) { return s.owner == node.incarnation; });
    const bool linked = std::find(status.linked.begin(), status.linked.end(), node.incarnation)
                        != status.linked.end();
    json.member("lease_left_ms", node.lease_left_ms)
      .member("shards", static_cast<std::int64_t>(shards))
      .member("linked", linked)
      .end_object();
  }
  json.end_array().key("shards").begin_array();
  for (std::size_t i = 0; i < view.shards.size(); ++i) {
    const auto& place = view.shards[i];
    json.begin_object().member("shard", static_cast<std::int64_t>(i));
    write_name(json, view, "owner", place.owner);
    json.member("epoch", place.epoch);
    write_name(json, view, "target", place.target);
    json.end_object();
  }
  json.end_array().end_object();
}

// GET /v1/admin/cluster
awaitable<response> get_cluster(call& c) {
  const auto& cluster = c.at.common().ports.cluster;
  if (!cluster)
    co_return to_response(messages::failure{messages::failure_code::not_found,
                                            "This server runs alone: it was not started as a node "
                                            "of a cluster.",
                                            {},
                                            0},
                          c.trace_id);
  auto waiting = ask<cluster_status>(c, cluster, messages::get_cluster{}, status_timeout,
                                     messages::failure_code::unavailable);
  const auto status = co_await std::move(waiting);
  if (!status)
    co_return to_response(status.error(), c.trace_id);
  response out;
  domain::json_writer json{out.body};
  write(json, *status);
  co_return out;
}

constexpr route rows[] = {
  {verb::get, "/v1/admin/cluster", for_admins<get_cluster>},
};

} // namespace

std::span<const route> admin_routes() {
  return rows;
}

} // namespace spotter::gateway
