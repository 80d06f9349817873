#pragma once

#include "actors/cluster/context.hpp"

#include <caf/actor_clock.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <deque>
#include <unordered_map>

namespace spotter::actors::cluster {

/// Serves one other node: carries its requests to the sessions of this node, and is the sink that
/// follows users for it. Lives as long as the link.
///
/// Everything goes out in the order in which the sessions said it. Answers that the link does not take
/// wait, bounded by bytes; events never wait: a user's follow is broken off instead, which the other
/// node is told by `session_ended` as soon as the link takes it. The end of a follow that the other
/// node asked for is confirmed in the same way.
class relay_state {
public:
  static inline const char* name = "spotter.relay";

  relay_state(relay_actor::pointer self, const domain::uuid& peer, context_ptr at);

  relay_actor::behavior_type make_behavior();

private:
  using time_point = caf::actor_clock::time_point;

  struct request {
    std::uint64_t id = 0;
    std::int64_t epoch = 0; // under which the shard is here
    domain::uuid user_id;
    time_point until;
  };

  /// A user whom the node follows, or asks to.
  struct followed {
    messages::session_actor session;
    std::size_t asking = 0; // subscriptions without an answer yet
    bool following = false;
  };

  void serve(messages::peer_request& ask);
  void ask(const request& what, const messages::session_actor& session, messages::command& body);
  void ask(const request& what, const messages::session_actor& session, messages::read& body);
  void ask(const request& what, const messages::session_actor& session, messages::follow& body);
  void joined(const request& what, const messages::session_actor& session,
              messages::subscribe_reply& reply);
  void stop_following(const domain::uuid& user_id);
  void settle(const domain::uuid& user_id);
  void watch(followed& user, const messages::session_actor& session);
  template <class Reply>
  void answer(const request& what, Reply reply);
  void send(messages::peer_frame frame, std::size_t bytes);
  void send_waiting();
  void wait();
  [[nodiscard]] std::chrono::milliseconds left(const request& what) const;

  relay_actor::pointer self_;
  domain::uuid peer_;
  context_ptr at_;
  std::size_t in_work_ = 0;
  std::unordered_map<domain::uuid, followed> users_;
  std::deque<std::pair<messages::peer_frame, std::size_t>> waiting_; // with their bytes, roughly
  std::size_t waiting_bytes_ = 0;
  bool sending_again_ = false;
};

using relay = relay_actor::stateful_impl<relay_state>;

} // namespace spotter::actors::cluster
