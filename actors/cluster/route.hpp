#pragma once

#include "actors/cluster/context.hpp"

#include <caf/actor_clock.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <deque>
#include <optional>
#include <unordered_map>
#include <unordered_set>

namespace spotter::actors::cluster {

/// Stands for one shard, wherever it is: the node's directory always answers with it.
///
/// *Here*: requests for sessions go on to the shard's own actor. *There*: they are answered with a
/// remote session, one for each user, which speaks to the owner. *Nowhere*, or where the owner can't
/// be reached or says that it is not the one: they wait, bounded in number and time, and are then
/// refused with an error that carries `moved` or `overloaded`.
class route_state {
public:
  static inline const char* name = "spotter.route";

  using actor = route_actor;

  route_state(actor::pointer self, std::int32_t shard, context_ptr at);
  ~route_state();

  actor::behavior_type make_behavior();

private:
  using time_point = caf::actor_clock::time_point;
  using promise = caf::typed_response_promise<messages::session_found>;

  struct held_request {
    domain::uuid user_id;
    promise answer;
    time_point until;
  };

  [[nodiscard]] bool ready() const;
  void answer(const domain::uuid& user_id, promise& to);
  void hold(const domain::uuid& user_id, promise to);
  void release();
  void expire();
  void arm(time_point when);
  void move(const messages::route_shard& to);
  void retire_proxies();
  void ask_idle_to_end();
  const proxy_actor& proxy_of(const domain::uuid& user_id);

  actor::pointer self_;
  std::int32_t shard_;
  context_ptr at_;
  messages::route_shard place_;
  std::unordered_set<domain::uuid> reachable_;
  std::optional<time_point> doubted_until_;
  std::deque<held_request> held_;
  std::optional<time_point> armed_;
  std::unordered_map<domain::uuid, proxy_actor> proxies_;
};

/// Starts the route of a shard, which is nowhere yet.
[[nodiscard]] route_actor spawn_route(caf::actor_system& system, std::int32_t shard,
                                      context_ptr at);

} // namespace spotter::actors::cluster
