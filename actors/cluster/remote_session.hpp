#pragma once

#include "actors/cluster/context.hpp"

#include <caf/actor_clock.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <map>
#include <optional>
#include <variant>
#include <vector>

namespace spotter::actors::cluster {

/// Whom a remote session stands for, and where that user is.
struct remote_place {
  domain::uuid user_id;
  domain::uuid owner; // the node
  std::int64_t epoch = 0;
  std::uint32_t number = 0; // of the proxy, among all of this node
};

/// The session of a user whose shard another node owns: takes the same messages, sends them there,
/// and answers with what comes back. Follows the user once for all sinks of this node.
///
/// It speaks to one owner under one epoch. When the shard moves (`retire`) it waits for the answers
/// that are on their way and ends; when the link breaks it ends at once: commands on their way are in
/// doubt, all else has not happened. Its sinks are told that the session has ended, as by any session,
/// and come again from where they stand: nothing is left out silently.
class remote_session_state {
public:
  static inline const char* name = "spotter.remote_session";

  using actor = proxy_actor;

  remote_session_state(actor::pointer self, const remote_place& where, route_actor route,
                       context_ptr at);

  actor::behavior_type make_behavior();

private:
  using time_point = caf::actor_clock::time_point;
  using command_promise = caf::typed_response_promise<messages::command_reply>;
  using read_promise = caf::typed_response_promise<messages::read_reply>;
  using subscribe_promise = caf::typed_response_promise<messages::subscribe_reply>;
  using any_promise = std::variant<command_promise, read_promise, subscribe_promise>;

  struct waiting {
    any_promise promise;
    caf::actor sink; // of a subscription
    time_point until;
  };

  void forward(decltype(messages::peer_request::what) what, any_promise promise,
               caf::actor sink = {});
  void take(messages::peer_reply& reply);
  void take(const messages::events_published& published);
  void take(const messages::session_ended&);
  void refuse(any_promise& promise, const messages::failure& why);
  void doubt();
  void unfollow();
  void end_sinks();
  void expire();
  void arm();
  void retire();
  void lose(const std::string& why);
  void end();

  actor::pointer self_;
  remote_place where_;
  route_actor route_;
  context_ptr at_;
  std::uint32_t last_request_ = 0;
  std::map<std::uint64_t, waiting> waiting_; // by the request's id: the oldest first
  std::size_t joining_ = 0;                  // of these, subscriptions
  std::vector<caf::actor> sinks_;
  bool used_ = true;      // since the route last asked it to end
  bool retiring_ = false; // nothing new is sent
  bool armed_ = false;
};

using remote_session = remote_session_state::actor::stateful_impl<remote_session_state>;

} // namespace spotter::actors::cluster
