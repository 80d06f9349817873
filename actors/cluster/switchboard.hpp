#pragma once

#include "actors/cluster/context.hpp"
#include "actors/cluster/relay.hpp"

#include <caf/actor_clock.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <deque>
#include <unordered_map>

namespace spotter::actors::cluster {

/// Passes on what comes from other nodes: their requests to a relay for each of them, answers and
/// events to the remote sessions that wait for them, ended logins to the rest of the program. Tells
/// routes and membership which nodes can be reached.
class switchboard_state {
public:
  static inline const char* name = "spotter.switchboard";

  switchboard_state(switchboard_actor::pointer self, context_ptr at);

  switchboard_actor::behavior_type make_behavior();

private:
  using time_point = caf::actor_clock::time_point;

  struct peer {
    relay_actor relay;
    std::deque<messages::login_revoked> unsent;
  };

  struct proxy {
    domain::uuid user_id;
    domain::uuid owner;
    proxy_actor actor;
  };

  void receive(messages::peer_received& what);
  void pass_to_proxy(std::uint32_t number, messages::peer_received& what);
  void pass_to_follower(const domain::uuid& user_id, messages::peer_received& what, bool events);
  void add(const messages::peer_up& up);
  void remove(const messages::peer_down& down);
  template <class Message>
  void tell_node(const Message& what);
  void revoke(const messages::login_revoked& what);
  void forget_old();
  bool send_unsent(const domain::uuid& incarnation, peer& to);
  void send_again();

  switchboard_actor::pointer self_;
  context_ptr at_;
  std::unordered_map<domain::uuid, peer> peers_;
  std::unordered_map<std::uint32_t, proxy> proxies_;
  std::unordered_map<domain::uuid, std::uint32_t> followers_; // the newest proxy of each user
  std::deque<std::pair<time_point, messages::login_revoked>> revoked_; // lately, on this node
  bool sending_again_ = false;
};

[[nodiscard]] switchboard_actor spawn_switchboard(caf::actor_system& system, context_ptr at);

} // namespace spotter::actors::cluster
