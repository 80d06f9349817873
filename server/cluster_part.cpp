#include "server/cluster_part.hpp"

#include "links/links.hpp"
#include "links/tls.hpp"
#include "server/release.hpp"

#include <spdlog/spdlog.h>

namespace spotter::server {

namespace {

/// Where clients reach this node, as far as it can tell.
std::string http_address(const config::settings& settings) {
  const auto& advertised = settings.cluster.advertise;
  const auto host = advertised.substr(0, advertised.rfind(':'));
  if (settings.listen.port == 0 || host.empty())
    return {};
  const std::string scheme = settings.listen.tls_certificate.empty() ? "http://" : "https://";
  return scheme + host + ':' + std::to_string(settings.listen.port);
}

links::link_settings link_settings_of(const config::settings& settings) {
  const auto& c = settings.cluster;
  links::link_settings out;
  out.cluster_id = c.id;
  out.node_id = settings.node;
  out.release = release;
  out.listen = c.listen;
  out.certificate = c.certificate;
  out.key = c.key;
  out.ca = c.ca;
  out.ping = c.ping;
  out.silence = c.silence;
  return out;
}

} // namespace

std::unique_ptr<actors::cluster::node> make_cluster_part(caf::actor_system& system,
                                                         const config::settings& settings,
                                                         messages::cluster_store_actor store,
                                                         cluster_hooks hooks) {
  const auto& c = settings.cluster;
  actors::cluster::settings how;
  how.node_id = settings.node;
  how.address = c.advertise.empty() ? c.listen : c.advertise;
  how.http_address = http_address(settings);
  how.release = release;
  how.weight = c.weight;
  const links::link_settings base = link_settings_of(settings);
  // A certificate that can't be used is found now, not at every attempt to join.
  static_cast<void>(links::make_link_context(base.certificate, base.key, base.ca, base.node_id));
  how.protocol_min = base.protocol.min;
  how.protocol_max = base.protocol.max;
  how.lease = c.lease;
  how.beat = c.beat;
  how.margin = c.margin;

  actors::cluster::ports with;
  with.store = std::move(store);
  with.open_links = [&system, base](const domain::uuid& incarnation, const caf::actor& receiver) {
    auto mine = base;
    mine.incarnation = incarnation;
    return messages::peer_links_ptr{links::spawn_links(system, std::move(mine), receiver)};
  };
  with.open_shard = std::move(hooks.open_shard);
  with.drained = [] {
    spdlog::info("this node owns no shards any more; it forwards what its clients ask for until it "
                 "is stopped");
  };
  if (hooks.login_revoked)
    with.login_revoked = std::move(hooks.login_revoked);
  return std::make_unique<actors::cluster::node>(system, std::move(how), std::move(with));
}

} // namespace spotter::server
