#include "actors/session/session.hpp"

#include "actors/session/session_core.hpp"
#include "actors/session/session_failures.hpp"
#include "actors/session/unit_builder.hpp"
#include "domain/broken.hpp"

#include <caf/send.hpp>
#include <spdlog/spdlog.h>

namespace spotter::actors {

using namespace messages;

session_state::session_state(actor::pointer self, const domain::uuid& user_id, shard_actor shard,
                             environment_ptr env)
  : self_(self), user_id_(user_id), shard_(std::move(shard)), env_(std::move(env)) {
  // Whoever waits gets an answer that says what he may do.
  self_->set_exit_handler([this](const caf::exit_msg&) { end(in_doubt()); });
}

session_state::~session_state() = default;

session_state::actor::behavior_type session_state::make_behavior() {
  return {
    [this](command& cmd) -> caf::result<command_reply> {
      auto& c = active();
      auto promise = self_->make_response_promise<command_reply>();
      if (retiring_) {
        promise.deliver(command_reply{session_moved()});
        return promise;
      }
      if (c.queue.size() >= env_->limits.queued_commands) {
        promise.deliver(command_reply{busy()});
        return promise;
      }
      c.queue.push_back({std::move(cmd), promise});
      // Behind all that is in the mailbox already: what came with it becomes one unit.
      if (c.queue.size() == 1 && !awake_) {
        awake_ = true;
        self_->send(self_, caf::flush_atom_v);
      }
      return promise;
    },
    [this](read& what) -> caf::result<read_reply> {
      auto promise = self_->make_response_promise<read_reply>();
      answer_read(std::move(what), promise);
      return promise;
    },
    [this](subscribe& what) -> caf::result<subscribe_reply> {
      auto promise = self_->make_response_promise<subscribe_reply>();
      auto& c = active();
      if (retiring_) {
        promise.deliver(subscribe_reply{session_moved()});
      } else if (c.state) {
        answer_subscription(what, promise);
      } else if (c.subscriptions.size() >= env_->limits.queued_commands) {
        promise.deliver(subscribe_reply{busy()});
      } else {
        c.subscriptions.push_back({std::move(what), promise});
        load();
      }
      return promise;
    },
    [this](const unsubscribe& what) {
      if (core_)
        std::erase(core_->sinks, what.sink);
    },
    [this](const stored& result) { handle(result); },
    [this](messages::passivate) { passivate(); },
    [this](messages::retire) { retire(); },
    [this](caf::flush_atom) {
      awake_ = false;
      advance();
    },
  };
}

session_state::core& session_state::active() {
  if (!core_)
    core_ = std::make_unique<core>();
  used_ = true;
  return *core_;
}

void session_state::load() {
  auto& c = *core_;
  if (c.loading)
    return;
  c.loading = true;
  self_->request(env_->reader, env_->limits.load_time_out, load_session{user_id_})
    .then([this](const session_image& image) { loaded(image); },
          [this](const caf::error& why) { load_failed(why); });
}

void session_state::loaded(const session_image& image) {
  auto& c = *core_;
  c.loading = false;
  if (!image.found) {
    // A valid token for an erased account.
    end(refuse(failure_code::not_found, "there is no such account"));
    return;
  }
  c.state.emplace(image, env_->epoch);
  auto subscriptions = std::move(c.subscriptions);
  c.subscriptions.clear();
  for (auto& s : subscriptions)
    answer_subscription(s.what, s.promise);
  for (const auto& w : image.live)
    rest(w.workout_id);
  advance();
}

void session_state::load_failed(const caf::error& why) {
  spdlog::warn("session of user {} could not be loaded: {}", domain::to_string(user_id_),
               caf::to_string(why));
  auto& c = *core_;
  c.loading = false;
  for (auto& w : c.queue)
    w.promise.deliver(command_reply{database_away()});
  c.queue.clear();
  for (auto& s : c.subscriptions)
    s.promise.deliver(subscribe_reply{database_away()});
  c.subscriptions.clear();
}

void session_state::end(const failure& why) {
  if (core_) {
    auto& c = *core_;
    // Only what is with the writer can be in doubt: the others were not begun.
    auto begun = c.in_flight ? c.in_flight->replies.size() : 0;
    for (auto& w : c.queue) {
      w.promise.deliver(command_reply{begun > 0 ? why : session_moved()});
      begun -= begun > 0 ? 1 : 0;
    }
    for (auto& s : c.subscriptions)
      s.promise.deliver(
        subscribe_reply{why.code == failure_code::not_found ? why : session_moved()});
    for (const auto& sink : c.sinks)
      caf::anon_send(sink, session_ended{user_id_});
    c.queue.clear();
  }
  self_->send(shard_, session_closing{user_id_});
  self_->quit();
}

// The shard moves. What is with the writer is waited for, and so are reads; nothing else was begun.
void session_state::retire() {
  retiring_ = true;
  if (core_) {
    auto& c = *core_;
    const auto begun = c.in_flight ? c.in_flight->replies.size() : 0;
    const auto rest = std::next(c.queue.begin(), static_cast<std::ptrdiff_t>(begun));
    for (auto it = rest; it != c.queue.end(); ++it)
      it->promise.deliver(command_reply{session_moved()});
    c.queue.erase(rest, c.queue.end());
    for (auto& s : c.subscriptions)
      s.promise.deliver(subscribe_reply{session_moved()});
    c.subscriptions.clear();
  }
  end_retired();
}

void session_state::end_retired() {
  if (!core_ || (!core_->in_flight && core_->reading == 0))
    end(session_moved());
}

bool session_state::may_speak() const {
  return !env_->may_speak || env_->may_speak->holds() || SPOTTER_BROKEN("lease");
}

// The shard asks now and then; who was not used since the last time goes.
void session_state::passivate() {
  if (core_ && core_->in_flight
      && std::chrono::steady_clock::now() - core_->in_flight->since > env_->limits.store_time_out) {
    spdlog::error("session of user {} ends: the writer gave no answer",
                  domain::to_string(user_id_));
    end(in_doubt());
    return;
  }
  if (used_) {
    used_ = false;
    return;
  }
  if (core_
      && (!core_->queue.empty() || !core_->subscriptions.empty() || !core_->sinks.empty()
          || core_->loading || !core_->rests.empty()))
    return;
  end(session_moved());
}

} // namespace spotter::actors
