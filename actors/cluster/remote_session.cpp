#include "actors/cluster/remote_session.hpp"

#include "actors/cluster/refusal.hpp"

#include <caf/send.hpp>

#include <algorithm>

namespace spotter::actors::cluster {

using namespace messages;

namespace {

failure moved() {
  return refusal(failure_code::moved, "The user's session is moving. Nothing was changed.");
}

const failure* failure_in(const peer_reply& reply) {
  return std::visit([](const auto& r) { return std::get_if<failure>(&r.result); }, reply.result);
}

} // namespace

remote_session_state::remote_session_state(actor::pointer self, const remote_place& where,
                                           route_actor route, context_ptr at)
  : self_(self), where_(where), route_(std::move(route)), at_(std::move(at)) {
  self_->set_exit_handler([this](const caf::exit_msg&) { lose("this node stops"); });
}

remote_session_state::actor::behavior_type remote_session_state::make_behavior() {
  return {
    [this](command& what) -> caf::result<command_reply> {
      auto promise = self_->make_response_promise<command_reply>();
      forward(std::move(what), promise);
      return promise;
    },
    [this](read& what) -> caf::result<read_reply> {
      auto promise = self_->make_response_promise<read_reply>();
      forward(std::move(what), promise);
      return promise;
    },
    [this](const subscribe& what) -> caf::result<subscribe_reply> {
      auto promise = self_->make_response_promise<subscribe_reply>();
      forward(follow{what.user_id, what.workout_id, what.since}, promise, what.sink);
      return promise;
    },
    [this](const unsubscribe& what) {
      // One that is still on its way would be undone by it; events without a sink end it then.
      if (std::erase(sinks_, what.sink) > 0 && sinks_.empty() && joining_ == 0)
        unfollow();
    },
    [](const stored&) {},
    [this](messages::passivate) {
      if (!std::exchange(used_, false) && sinks_.empty() && waiting_.empty())
        end();
    },
    [this](messages::retire) { retire(); },
    [this](peer_received& what) {
      if (what.from != where_.owner)
        return;
      if (auto* reply = std::get_if<peer_reply>(&what.frame))
        take(*reply);
      else if (const auto* published = std::get_if<events_published>(&what.frame))
        take(*published);
      else if (const auto* ended = std::get_if<session_ended>(&what.frame))
        take(*ended);
    },
    [this](const peer_down& down) {
      if (down.incarnation == where_.owner)
        lose(down.why);
    },
  };
}

void remote_session_state::forward(decltype(peer_request::what) what, any_promise promise,
                                   caf::actor sink) {
  used_ = true;
  if (retiring_) {
    refuse(promise, moved());
    return;
  }
  if (waiting_.size() >= at_->how.user_requests) {
    refuse(promise, refusal(failure_code::overloaded, "Too much is going on for this user."));
    return;
  }
  auto* counter = std::holds_alternative<command>(what) ? at_->count.forwarded_commands
                  : std::holds_alternative<read>(what)  ? at_->count.forwarded_reads
                                                        : at_->count.forwarded_follows;
  peer_request request;
  request.id = (std::uint64_t{where_.number} << 32) | ++last_request_;
  request.user_id = where_.user_id;
  request.epoch = where_.epoch;
  request.deadline_ms = at_->how.request_time.count();
  request.what = std::move(what);
  const auto id = request.id;
  switch (at_->links.send(where_.owner, std::move(request))) {
    case frame_sent::queued:
      counter->inc();
      waiting_.emplace(
        id, waiting{std::move(promise), sink, self_->clock().now() + at_->how.request_time});
      joining_ += sink ? 1 : 0;
      arm();
      return;
    case frame_sent::full:
      refuse(promise, refusal(failure_code::overloaded,
                              "The node that owns the user takes no more at the moment."));
      return;
    case frame_sent::away:
      doubt();
      refuse(promise, moved());
      return;
  }
}

void remote_session_state::take(peer_reply& reply) {
  const auto it = waiting_.find(reply.id);
  if (it == waiting_.end())
    return; // it was given up
  auto entry = std::move(it->second);
  waiting_.erase(it);
  joining_ -= entry.sink ? 1 : 0;
  const auto* why = failure_in(reply);
  if (why && why->code == failure_code::moved && reply.epoch != where_.epoch)
    doubt();
  if (auto* p = std::get_if<command_promise>(&entry.promise);
      p && std::holds_alternative<command_reply>(reply.result)) {
    p->deliver(std::move(std::get<command_reply>(reply.result)));
  } else if (auto* q = std::get_if<read_promise>(&entry.promise);
             q && std::holds_alternative<read_reply>(reply.result)) {
    q->deliver(std::move(std::get<read_reply>(reply.result)));
  } else if (auto* s = std::get_if<subscribe_promise>(&entry.promise);
             s && std::holds_alternative<subscribe_reply>(reply.result)) {
    if (!why && retiring_) {
      s->deliver(subscribe_reply{moved()}); // its events would not be passed on
    } else {
      if (!why && std::find(sinks_.begin(), sinks_.end(), entry.sink) == sinks_.end())
        sinks_.push_back(entry.sink);
      s->deliver(std::move(std::get<subscribe_reply>(reply.result)));
    }
  } else {
    refuse(entry.promise, refusal(failure_code::internal, "Another node gave a wrong answer."));
  }
  if (retiring_ && waiting_.empty())
    end();
}

void remote_session_state::take(const events_published& published) {
  if (!sinks_.empty()) {
    const auto content = caf::make_message(published);
    for (const auto& sink : sinks_)
      caf::anon_send(sink, content);
  } else if (joining_ == 0 && !retiring_) {
    unfollow(); // nobody is here for them; what a subscription on its way needs is in its answer
  }
}

void remote_session_state::take(const session_ended&) {
  end_sinks();
}

void remote_session_state::refuse(any_promise& promise, const failure& why) {
  if (auto* p = std::get_if<command_promise>(&promise))
    p->deliver(command_reply{why});
  else if (auto* q = std::get_if<read_promise>(&promise))
    q->deliver(read_reply{why});
  else
    std::get<subscribe_promise>(promise).deliver(subscribe_reply{why});
}

void remote_session_state::doubt() {
  self_->send(route_, route_doubted{where_.epoch});
}

// If it does not get through, the next events without a sink send it again.
void remote_session_state::unfollow() {
  at_->links.send(where_.owner, messages::unfollow{where_.user_id});
}

void remote_session_state::end_sinks() {
  for (const auto& sink : std::exchange(sinks_, {}))
    caf::anon_send(sink, session_ended{where_.user_id});
}

void remote_session_state::expire() {
  const auto now = self_->clock().now();
  while (!waiting_.empty() && waiting_.begin()->second.until <= now) {
    auto entry = std::move(waiting_.begin()->second);
    waiting_.erase(waiting_.begin());
    joining_ -= entry.sink ? 1 : 0;
    if (std::holds_alternative<command_promise>(entry.promise))
      refuse(entry.promise, refusal(failure_code::outcome_unknown,
                                    "The node that owns the user did not answer. Repeat the "
                                    "request with the same id or idempotency key."));
    else
      refuse(entry.promise, refusal(failure_code::deadline_exceeded,
                                    "The node that owns the user did not answer in time."));
  }
  if (retiring_ && waiting_.empty())
    end();
  else
    arm();
}

void remote_session_state::arm() {
  if (armed_ || waiting_.empty())
    return;
  armed_ = true;
  self_->run_delayed(waiting_.begin()->second.until - self_->clock().now(), [this] {
    armed_ = false;
    expire();
  });
}

void remote_session_state::retire() {
  retiring_ = true;
  end_sinks();
  if (waiting_.empty())
    end();
}

void remote_session_state::lose(const std::string& why) {
  for (auto& [id, entry] : std::exchange(waiting_, {})) {
    if (std::holds_alternative<command_promise>(entry.promise))
      refuse(entry.promise,
             refusal(failure_code::outcome_unknown,
                     "The link to the node that owns the user broke (" + why
                       + "). Repeat the request with the same id or idempotency key."));
    else
      refuse(entry.promise, moved());
  }
  end_sinks();
  end();
}

void remote_session_state::end() {
  self_->send(route_, session_closing{where_.user_id});
  self_->send(at_->switchboard, proxy_closed{where_.number, where_.user_id});
  self_->quit();
}

} // namespace spotter::actors::cluster
