// A node in a process of its own, for tests that stop or kill it: answers each request with a reply
// of the same id. Arguments: node id, certificate, key, CA. Prints its incarnation and port, then
// reads lines with an incarnation, node id and address, each a peer that it is to want.

#include "links/links.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/init_global_meta_objects.hpp>

#include <iostream>
#include <memory>

using namespace spotter;

namespace {

caf::behavior echo(caf::event_based_actor*, std::shared_ptr<links::node_links_ptr> way) {
  return {
    [](const messages::peer_up&) {},
    [](const messages::peer_down&) {},
    [way](messages::peer_received& what) {
      if (const auto* request = std::get_if<messages::peer_request>(&what.frame))
        (*way)->send(what.from, messages::peer_reply{request->id, request->epoch,
                                                     messages::command_reply{messages::outcome{}}});
    },
  };
}

int serve(const char* const* argument) {
  caf::actor_system_config config;
  caf::actor_system system{config};
  links::link_settings settings;
  settings.cluster_id = "test";
  settings.node_id = argument[1];
  settings.incarnation = domain::make_uuid_v7();
  settings.release = "0.1.0";
  settings.listen = "127.0.0.1:0";
  settings.certificate = argument[2];
  settings.key = argument[3];
  settings.ca = argument[4];
  const auto way = std::make_shared<links::node_links_ptr>();
  const auto receiver = system.spawn(echo, way);
  *way = links::spawn_links(system, settings, receiver);
  std::cout << to_string(settings.incarnation) << ' ' << (*way)->port() << std::endl;
  std::vector<messages::peer_address> wanted;
  std::string incarnation;
  messages::peer_address next;
  while (std::cin >> incarnation >> next.node_id >> next.address) {
    next.incarnation = domain::parse_uuid(incarnation).value();
    wanted.push_back(next);
    (*way)->want(wanted);
  }
  (*way)->stop();
  *way = nullptr;
  return 0;
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 5)
    return 2;
  caf::init_global_meta_objects<caf::id_block::spotter>();
  caf::core::init_global_meta_objects();
  return serve(argv);
}
