#include "actors/cluster/relay.hpp"

#include "actors/cluster/refusal.hpp"
#include "actors/messages/failure_error.hpp"

#include <caf/send.hpp>

#include <algorithm>

namespace spotter::actors::cluster {

using namespace messages;

namespace {

failure moved() {
  return refusal(failure_code::moved, "The user's session is moving. Nothing was changed.");
}

/// The session never saw the request.
bool not_taken(const caf::error& why) {
  return why == caf::sec::request_receiver_down;
}

std::size_t bytes_of(const command_reply& reply) {
  const auto* done = std::get_if<outcome>(&reply.result);
  return done ? done->body.view().size() : 0;
}

std::size_t bytes_of(const read_reply& reply) {
  const auto* page = std::get_if<rendered>(&reply.result);
  return page ? page->body.view().size() : 0;
}

std::size_t bytes_of(const subscribe_reply& reply) {
  const auto* start = std::get_if<subscribed>(&reply.result);
  if (!start)
    return 0;
  auto sum = start->snapshot.view().size();
  for (const auto& e : start->replay)
    sum += e.data.view().size();
  return sum;
}

/// Said instead of an answer for which there is no room.
failure no_room(const command_reply&) {
  return refusal(failure_code::outcome_unknown, "The link to the node that owns the user is full. "
                                                "Repeat the request with the same id.");
}

template <class Reply>
failure no_room(const Reply&) {
  return refusal(failure_code::overloaded, "The link to the node that owns the user is full.");
}

constexpr std::size_t frame_overhead = 256;

} // namespace

relay_state::relay_state(relay_actor::pointer self, const domain::uuid& peer, context_ptr at)
  : self_(self), peer_(peer), at_(std::move(at)) {
  self_->set_down_handler([this](const caf::down_msg& down) {
    for (auto& [user_id, user] : users_)
      if (user.following && user.session.address() == down.source) {
        const auto id = user_id;
        user.following = false;
        send(session_ended{id}, frame_overhead);
        settle(id);
        return;
      }
  });
  self_->set_exit_handler([this](const caf::exit_msg& exit) {
    for (const auto& [user_id, user] : users_)
      if (user.session)
        caf::anon_send(user.session, unsubscribe{user_id, caf::actor_cast<caf::actor>(self_)});
    self_->quit(exit.reason);
  });
}

relay_actor::behavior_type relay_state::make_behavior() {
  return {
    [this](peer_received& what) {
      if (auto* ask = std::get_if<peer_request>(&what.frame))
        serve(*ask);
      else if (const auto* end = std::get_if<unfollow>(&what.frame))
        stop_following(end->user_id);
    },
    [this](const events_published& published) {
      const auto it = users_.find(published.user_id);
      // What comes before the answer to a subscription is part of that answer.
      if (it == users_.end() || !it->second.following)
        return;
      if (waiting_.empty() && at_->links.send(peer_, published) == frame_sent::queued)
        return;
      at_->count.follows_broken->inc();
      stop_following(published.user_id);
    },
    [this](const session_ended& end) {
      const auto it = users_.find(end.user_id);
      if (it == users_.end() || !it->second.following)
        return;
      it->second.following = false;
      it->second.session = nullptr;
      send(end, frame_overhead);
      settle(end.user_id);
    },
  };
}

void relay_state::serve(peer_request& ask_) {
  if (waiting_.size() >= 2 * at_->how.peer_requests) {
    at_->count.refused_busy->inc();
    return; // it asks without end and takes no answers, not even refusals
  }
  const auto place = at_->local.find(shard_of(ask_.user_id));
  request what{ask_.id, place.epoch, ask_.user_id, {}};
  const auto refuse = [this, &what, &ask_](const failure& why) {
    if (std::holds_alternative<command>(ask_.what))
      answer(what, command_reply{why});
    else if (std::holds_alternative<read>(ask_.what))
      answer(what, read_reply{why});
    else
      answer(what, subscribe_reply{why});
  };
  ++in_work_; // until it is answered
  if (!place.shard || place.epoch != ask_.epoch) {
    at_->count.refused_stale->inc();
    refuse(moved());
    return;
  }
  if (in_work_ + waiting_.size() > at_->how.peer_requests) {
    at_->count.refused_busy->inc();
    refuse(refusal(failure_code::overloaded, "Too many requests of one node are in work."));
    return;
  }
  const bool consistent =
    std::visit([&ask_](const auto& body) { return body.user_id == ask_.user_id; }, ask_.what);
  if (!consistent) {
    refuse(refusal(failure_code::internal, "The request names two users."));
    return;
  }
  at_->count.served_requests->inc();
  const std::chrono::milliseconds time{
    std::clamp<std::int64_t>(ask_.deadline_ms, 1, at_->how.request_time.count())};
  what.until = self_->clock().now() + time;
  auto body = std::make_shared<decltype(peer_request::what)>(std::move(ask_.what));
  const auto not_found = [this, what, body] {
    std::visit(
      [&]<class Body>(const Body&) {
        if constexpr (std::is_same_v<Body, command>)
          answer(what, command_reply{moved()});
        else if constexpr (std::is_same_v<Body, read>)
          answer(what, read_reply{moved()});
        else
          answer(what, subscribe_reply{moved()});
      },
      *body);
  };
  self_->request(place.shard, time, get_session{what.user_id})
    .then(
      [this, what, body, not_found](const session_found& found) {
        const auto session = caf::actor_cast<session_actor>(found.session);
        if (session)
          std::visit([&](auto& b) { ask(what, session, b); }, *body);
        else
          not_found();
      },
      [not_found](const caf::error&) { not_found(); });
}

void relay_state::ask(const request& what, const session_actor& session, command& body) {
  self_->request(session, left(what), std::move(body))
    .then([this, what](command_reply& reply) { answer(what, std::move(reply)); },
          [this, what](const caf::error& why) {
            answer(what, command_reply{
                           not_taken(why)
                             ? moved()
                             : refusal(failure_code::outcome_unknown,
                                       "The user's session ended before it answered. Repeat the "
                                       "request with the same id or idempotency key.")});
          });
}

void relay_state::ask(const request& what, const session_actor& session, read& body) {
  self_->request(session, left(what), std::move(body))
    .then([this, what](read_reply& reply) { answer(what, std::move(reply)); },
          [this, what](const caf::error& why) {
            answer(what, read_reply{not_taken(why) ? moved() : to_failure(why)});
          });
}

// Without a limit in time: the session answers or ends, and an answer that was given up could still
// make us a sink.
void relay_state::ask(const request& what, const session_actor& session, follow& body) {
  ++users_[what.user_id].asking;
  self_
    ->request(
      session, caf::infinite,
      subscribe{body.user_id, body.workout_id, body.since, caf::actor_cast<caf::actor>(self_)})
    .then([this, what, session](subscribe_reply& reply) { joined(what, session, reply); },
          [this, what, session](const caf::error&) {
            subscribe_reply reply{moved()};
            joined(what, session, reply);
          });
}

void relay_state::joined(const request& what, const session_actor& session,
                         subscribe_reply& reply) {
  auto& user = users_[what.user_id];
  --user.asking;
  if (std::holds_alternative<subscribed>(reply.result)) {
    // A successor whose predecessor ended without a word: those who followed that one must know.
    if (user.session != session && std::exchange(user.following, false))
      send(session_ended{what.user_id}, frame_overhead);
    watch(user, session);
    if (waiting_bytes_ + bytes_of(reply) > at_->how.peer_unsent)
      reply.result = no_room(reply);
    else
      user.following = true;
  }
  answer(what, std::move(reply));
  settle(what.user_id);
}

// Both for want of room and because the other node wishes it: it is told that it follows no more.
void relay_state::stop_following(const domain::uuid& user_id) {
  const auto it = users_.find(user_id);
  if (it == users_.end())
    return;
  if (std::exchange(it->second.following, false))
    send(session_ended{user_id}, frame_overhead);
  settle(user_id);
}

// While a subscription is on its way we stay the session's sink: an `unsubscribe` would come behind
// it, and cut off what it has just begun.
void relay_state::settle(const domain::uuid& user_id) {
  const auto it = users_.find(user_id);
  if (it == users_.end() || it->second.following || it->second.asking > 0)
    return;
  if (it->second.session) {
    self_->demonitor(it->second.session.address());
    caf::anon_send(it->second.session, unsubscribe{user_id, caf::actor_cast<caf::actor>(self_)});
  }
  users_.erase(it);
}

void relay_state::watch(followed& user, const session_actor& session) {
  if (user.session == session)
    return;
  if (user.session)
    self_->demonitor(user.session.address());
  user.session = session;
  self_->monitor(session);
}

template <class Reply>
void relay_state::answer(const request& what, Reply reply) {
  --in_work_;
  auto bytes = bytes_of(reply);
  if (bytes > 0 && waiting_bytes_ + bytes > at_->how.peer_unsent && !waiting_.empty()) {
    reply.result = no_room(reply);
    bytes = 0;
  }
  send(peer_reply{what.id, what.epoch, std::move(reply)}, bytes + frame_overhead);
}

void relay_state::send(peer_frame frame, std::size_t bytes) {
  if (waiting_.empty()) {
    if (at_->links.send(peer_, frame) != frame_sent::full)
      return; // where the link is gone, so is whom it would be told
  }
  waiting_.emplace_back(std::move(frame), bytes);
  waiting_bytes_ += bytes;
  wait();
}

void relay_state::send_waiting() {
  while (!waiting_.empty()) {
    if (at_->links.send(peer_, waiting_.front().first) == frame_sent::full) {
      wait();
      return;
    }
    waiting_bytes_ -= waiting_.front().second;
    waiting_.pop_front();
  }
}

void relay_state::wait() {
  if (std::exchange(sending_again_, true))
    return;
  self_->run_delayed(at_->how.resend, [this] {
    sending_again_ = false;
    send_waiting();
  });
}

std::chrono::milliseconds relay_state::left(const request& what) const {
  const auto time = std::chrono::ceil<std::chrono::milliseconds>(what.until - self_->clock().now());
  return std::max(time, std::chrono::milliseconds{1});
}

} // namespace spotter::actors::cluster
