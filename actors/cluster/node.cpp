#include "actors/cluster/node.hpp"

#include "actors/cluster/membership.hpp"
#include "actors/cluster/route.hpp"
#include "actors/cluster/switchboard.hpp"
#include "domain/broken.hpp"

#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include <utility>

namespace spotter::actors::cluster {

struct node::parts {
  caf::actor_system& system;
  context_ptr at;
  messages::cluster_actor membership;
  std::vector<messages::shard_actor> routes;
  bool stopped = false;
};

node::node(caf::actor_system& system, settings how, ports with)
  : parts_(std::make_unique<parts>(parts{
    system, std::make_shared<context>(system, std::move(how), std::move(with)), {}, {}, false})) {
  auto& p = *parts_;
  p.at->switchboard = spawn_switchboard(system, p.at);
  for (std::int32_t shard = 0; shard < messages::shard_count; ++shard)
    p.at->routes.push_back(spawn_route(system, shard, p.at));
  for (const auto& route : p.at->routes)
    p.routes.push_back(caf::actor_cast<messages::shard_actor>(route));
  p.at->membership = spawn_membership(system, p.at);
  p.membership = caf::actor_cast<messages::cluster_actor>(p.at->membership);
  caf::anon_send(p.at->membership, caf::tick_atom_v); // from now on the context stays as it is
}

node::~node() {
  stop();
}

const messages::shard_actor& node::shard_of(const domain::uuid& user_id) const noexcept {
  return parts_->routes[static_cast<std::size_t>(messages::shard_of(user_id))];
}

const messages::cluster_actor& node::membership() const noexcept {
  return parts_->membership;
}

void node::broadcast(const messages::login_revoked& what) const {
  if (!SPOTTER_BROKEN("tell_ended_logins"))
    caf::anon_send(parts_->at->switchboard, what);
}

void node::drain(std::chrono::milliseconds limit) {
  constexpr std::chrono::seconds to_say_goodbye{2};
  caf::scoped_actor self{parts_->system};
  self->request(parts_->membership, limit + to_say_goodbye, messages::leave_cluster{limit.count()})
    .receive([] {}, [](const caf::error&) {});
}

// Returns when nothing of the rest of the program is called any more.
void node::stop() {
  auto& p = *parts_;
  if (std::exchange(p.stopped, true))
    return;
  p.at->links.close();
  caf::scoped_actor self{p.system};
  self->send_exit(p.at->membership, caf::exit_reason::user_shutdown);
  self->wait_for(p.at->membership);
  self->send_exit(p.at->switchboard, caf::exit_reason::user_shutdown);
  self->wait_for(p.at->switchboard);
  p.at->links.close(); // the membership may have opened them once more
  for (const auto& route : p.routes)
    self->send_exit(route, caf::exit_reason::user_shutdown);
}

} // namespace spotter::actors::cluster
