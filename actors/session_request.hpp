#pragma once

#include "actors/messages/handles.hpp"

#include <caf/actor_cast.hpp>
#include <caf/error.hpp>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <utility>

namespace spotter::actors {

/// Where the shard of a user is found; an invalid handle while nobody owns it.
using shard_directory = std::function<messages::shard_actor(const domain::uuid& user_id)>;

/// How patient an actor of ours is with a session.
struct session_patience {
  std::int32_t tries = 5;               // the first included
  std::chrono::milliseconds pause{200}; // after the first try; doubled with each, up to 5 s
  std::chrono::milliseconds find_timeout{5'000}; // for the session to be found
  std::chrono::milliseconds timeout{30'000};     // for each answer
};

/// Sends `command` to its user's session and calls `done(command_reply)` once, from `self`, unless
/// `self` ends before. Where nothing was changed (the session moves or is full, the database is
/// away) it asks for the session again and repeats, within the patience. A session that ends or
/// stays silent with the command in hand gives `outcome_unknown`: the caller must look before it
/// repeats.
template <class Self, class Done>
class session_request : public std::enable_shared_from_this<session_request<Self, Done>> {
public:
  session_request(Self* self, shard_directory shards, session_patience patience,
                  messages::command command, Done done)
    : self_(self), shards_(std::move(shards)), patience_(patience), command_(std::move(command)),
      done_(std::move(done)) {}

  void begin() {
    ++tries_;
    auto shard = shards_(command_.user_id);
    if (!shard) {
      again(refusal(messages::failure_code::moved, "Nobody owns the user's shard now."));
      return;
    }
    auto keep = this->shared_from_this();
    self_->request(shard, patience_.find_timeout, messages::get_session{command_.user_id})
      .then(
        [keep](messages::session_found& found) {
          keep->ask(caf::actor_cast<messages::session_actor>(std::move(found.session)));
        },
        [keep](const caf::error& why) {
          keep->again(refusal(messages::failure_code::moved,
                              "The user's session was not found: " + to_string(why)));
        });
  }

private:
  static messages::failure refusal(messages::failure_code code, std::string detail) {
    messages::failure result;
    result.code = code;
    result.detail = std::move(detail);
    return result;
  }

  static bool nothing_changed(messages::failure_code code) noexcept {
    using messages::failure_code;
    return code == failure_code::moved || code == failure_code::unavailable
           || code == failure_code::overloaded;
  }

  void ask(const messages::session_actor& session) {
    if (!session) {
      again(refusal(messages::failure_code::moved, "The user's session is moving."));
      return;
    }
    auto keep = this->shared_from_this();
    self_->request(session, patience_.timeout, command_)
      .then(
        [keep](messages::command_reply& reply) {
          auto* failed = std::get_if<messages::failure>(&reply.result);
          if (failed && nothing_changed(failed->code))
            keep->again(std::move(*failed));
          else
            keep->done_(std::move(reply));
        },
        [keep](const caf::error& why) {
          keep->done_(messages::command_reply{
            refusal(messages::failure_code::outcome_unknown,
                    "The user's session ended before it answered: " + to_string(why))});
        });
  }

  void again(messages::failure why) {
    if (tries_ >= patience_.tries) {
      done_(messages::command_reply{std::move(why)});
      return;
    }
    constexpr std::chrono::milliseconds longest{5'000};
    const auto doubled = patience_.pause * (1 << std::min(tries_ - 1, 10));
    const std::chrono::milliseconds asked{std::max(why.retry_after_ms, 0)};
    auto keep = this->shared_from_this();
    self_->run_delayed(std::min(std::max(doubled, asked), longest), [keep] { keep->begin(); });
  }

  Self* self_;
  shard_directory shards_;
  session_patience patience_;
  messages::command command_;
  Done done_;
  std::int32_t tries_ = 0;
};

/// Begins a `session_request`.
template <class Self, class Done>
void ask_session(Self* self, const shard_directory& shards, const session_patience& patience,
                 messages::command command, Done done) {
  std::make_shared<session_request<Self, Done>>(self, shards, patience, std::move(command),
                                                std::move(done))
    ->begin();
}

} // namespace spotter::actors
