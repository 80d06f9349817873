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

// GET /v1/admin/jobs
awaitable<response> get_jobs(call& c) {
  query_reader query{c, {"limit", "cursor", "state", "kind"}};
  messages::get_jobs what;
  what.window = query.window();
  what.state = query.word("state", {"queued", "running", "finished", "dead", "cancelled"});
  what.kind = query.text("kind", 64);
  what.device = device_of(c);
  if (!query.clean())
    return answer(query.refusal(c));
  return read(c, std::move(what));
}

// GET /v1/admin/limits
awaitable<response> get_limits(call& c) {
  const auto& limits = c.at.common().config.limits;
  const bool counted{c.at.common().ports.limits};
  response out;
  domain::json_writer json{out.body};
  json.begin_object().key("rates").begin_array();
  const auto rate = [&](limit_kind kind, std::string_view whose, std::int32_t per_minute) {
    json.begin_object().member("name", name_of(kind)).member("by", whose).key("per_minute");
    if (counted && per_minute > 0)
      json.value(per_minute);
    else
      json.null();
    json.end_object();
  };
  rate(limit_kind::sign_in, "address", limits.sign_ins_per_minute);
  rate(limit_kind::registration, "address", limits.registrations_per_minute);
  rate(limit_kind::read, "account", limits.reads_per_minute);
  rate(limit_kind::write, "account", limits.writes_per_minute);
  rate(limit_kind::import, "account", limits.imports_per_minute);
  json.end_array().key("bounds").begin_object();
  const std::pair<std::string_view, std::size_t> bounds[] = {
    {"header_bytes", limits.header_bytes},
    {"target_bytes", limits.target_bytes},
    {"body_bytes", limits.body_bytes},
    {"import_bytes", limits.import_bytes},
    {"upload_total_bytes", limits.upload_total_bytes},
    {"connections", limits.connections},
    {"connections_per_address", limits.connections_per_address},
    {"pending_asks", limits.pending_asks},
    {"commands_in_flight", limits.commands_in_flight},
    {"subscriptions", limits.subscriptions},
    {"message_bytes", limits.message_bytes},
    {"send_queue_bytes", limits.send_queue_bytes},
  };
  for (const auto& [name, value] : bounds)
    json.member(name, static_cast<std::int64_t>(value));
  json.end_object().end_object();
  return answer(std::move(out));
}

constexpr route rows[] = {
  {verb::get, "/v1/admin/cluster", for_admins<get_cluster>},
  {verb::get, "/v1/admin/jobs", for_admins<get_jobs>},
  {verb::get, "/v1/admin/limits", for_admins<get_limits>},
};

} // namespace

std::span<const route> admin_routes() {
  return rows;
}

} // namespace spotter::gateway
