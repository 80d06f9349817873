#include "actors/cluster/metrics.hpp"

namespace spotter::actors::cluster {

using namespace messages;

namespace {

constexpr const char* prefix = "spotter.cluster";

} // namespace

metrics::metrics(caf::actor_system& system) {
  auto& registry = system.metrics();
  const auto count = [&registry](const char* name, const char* help) {
    return registry.counter_singleton(prefix, name, help, "1", true);
  };
  const auto level = [&registry](const char* name, const char* help) {
    return registry.gauge_singleton(prefix, name, help);
  };
  owned = level("shards-owned", "Shards that this node owns and serves.");
  unrouted = level("shards-unrouted", "Shards that this node knows no owner of.");
  leading = level("leading", "1 on the node that places shards.");
  taken =
    count("shards-taken", "Shards that this node became the owner of, each under a new epoch.");
  given = count("shards-given", "Shards that this node gave away.");
  lost = count("shards-lost", "Shards that another node took from this one.");
  fenced = count("self-fences", "How often this node stopped because its lease was over.");
  held_requests = level("held-requests", "Requests that wait for a shard's owner.");
  held_too_long = count("held-requests-refused", "Requests refused for want of a shard's owner.");
  auto* forwarded =
    registry.counter_family(prefix, "forwarded-requests", {"kind"},
                            "Requests sent to the nodes that own their users.", "1", true);
  forwarded_commands = forwarded->get_or_add({{"kind", "command"}});
  forwarded_reads = forwarded->get_or_add({{"kind", "read"}});
  forwarded_follows = forwarded->get_or_add({{"kind", "follow"}});
  served_requests = count("served-requests", "Requests of other nodes that were taken.");
  auto* refused = registry.counter_family(prefix, "refused-requests", {"why"},
                                          "Requests of other nodes that were refused.", "1", true);
  refused_stale = refused->get_or_add({{"why", "stale"}});
  refused_busy = refused->get_or_add({{"why", "busy"}});
  follows_broken = count("follows-broken", "Follows ended because a node took too little.");
  links_lost = count("links-lost", "Links to other nodes that broke.");
  auto* nodes = registry.gauge_family(prefix, "nodes", {"state"}, "Nodes that are known.");
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const auto name = to_string(static_cast<node_state>(i + 1));
    nodes_[i] = nodes->get_or_add({{"state", caf::string_view{name.data(), name.size()}}});
  }
  lease_left_ = registry.gauge_singleton<double>(prefix, "lease-left",
                                                 "Until this node stops by itself.", "seconds");
  const double bounds[] = {.005, .01, .025, .05, .1, .25, .5, 1., 2.5, 5.};
  handoffs_ = registry.histogram_singleton<double>(
    prefix, "handoff", bounds, "From the decision to move a shard until it was given.", "seconds");
}

void metrics::nodes(const cluster_view& view) {
  std::array<std::int64_t, 4> counts{};
  for (const auto& n : view.nodes)
    ++counts.at(static_cast<std::size_t>(n.state) - 1);
  for (std::size_t i = 0; i < counts.size(); ++i)
    nodes_[i]->value(counts[i]);
}

void metrics::lease_left(std::chrono::milliseconds left) {
  lease_left_->value(std::chrono::duration<double>{left}.count());
}

void metrics::handoff(std::chrono::duration<double> took) {
  handoffs_->observe(took.count());
}

} // namespace spotter::actors::cluster
