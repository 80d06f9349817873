#include "actors/shard/shard.hpp"

#include <caf/telemetry/metric_registry.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace spotter::actors {

using namespace messages;

shard_state::shard_state(actor::pointer self, environment_ptr env, shard_settings settings)
  : self_(self), env_(std::move(env)), settings_(settings) {
  active_ = self_->home_system().metrics().gauge_singleton("spotter.session", "active",
                                                           "Session actors in memory.");
  // A session that crashed must not take its shard along. One that ends by itself has said so
  // before (`session_closing`), so only a crash is worth the search.
  self_->set_down_handler([this](caf::down_msg& down) {
    if (!down.reason)
      return;
    const auto it = std::find_if(sessions_.begin(), sessions_.end(), [&down](const auto& known) {
      return known.second.address() == down.source;
    });
    if (it == sessions_.end())
      return;
    spdlog::error("session of user {} crashed: {}", domain::to_string(it->first),
                  caf::to_string(down.reason));
    sessions_.erase(it);
    ended();
  });
  self_->set_exit_handler([this](const caf::exit_msg& exit) {
    for (const auto& [user, session] : sessions_)
      self_->send_exit(session, exit.reason);
    active_->dec(static_cast<std::int64_t>(sessions_.size()));
    self_->quit(exit.reason);
  });
}

shard_state::actor::behavior_type shard_state::make_behavior() {
  self_->delayed_send(self_, settings_.idle_time, caf::tick_atom_v);
  return {
    [this](const get_session& ask) -> caf::result<session_found> {
      if (retiring_)
        return caf::make_error(caf::sec::runtime_error, "the shard moves to another node");
      auto session = find_or_start(ask.user_id);
      if (!session)
        return caf::make_error(caf::sec::runtime_error, "too many sessions");
      return session_found{caf::actor_cast<caf::actor>(*session)};
    },
    [this](const session_closing& end) {
      const auto it = sessions_.find(end.user_id);
      // Only the one that is known: a successor stays.
      if (it != sessions_.end()
          && caf::actor_cast<caf::strong_actor_ptr>(it->second) == self_->current_sender()) {
        sessions_.erase(it);
        ended();
      }
    },
    [this](messages::retire) -> caf::result<retired> {
      auto promise = self_->make_response_promise<retired>();
      retirers_.push_back(promise);
      retire();
      return promise;
    },
    [this](caf::tick_atom) {
      for (const auto& [user, session] : sessions_)
        self_->send(session, passivate{});
      self_->delayed_send(self_, settings_.idle_time, caf::tick_atom_v);
    },
  };
}

std::optional<session_actor> shard_state::find_or_start(const domain::uuid& user_id) {
  const auto it = sessions_.find(user_id);
  if (it != sessions_.end())
    return it->second;
  if (sessions_.size() >= settings_.sessions)
    return std::nullopt;
  auto session =
    self_->spawn<session_impl, caf::monitored>(user_id, caf::actor_cast<shard_actor>(self_), env_);
  sessions_.emplace(user_id, session);
  active_->inc();
  return session;
}

void shard_state::retire() {
  if (!retiring_) {
    retiring_ = true;
    for (const auto& [user, session] : sessions_)
      self_->send(session, messages::retire{});
    self_->run_delayed(settings_.retire_limit, [this] {
      if (sessions_.empty())
        return;
      spdlog::error("{} sessions did not end when their shard was to move", sessions_.size());
      for (const auto& [user, session] : sessions_)
        self_->send_exit(session, caf::exit_reason::user_shutdown);
      active_->dec(static_cast<std::int64_t>(sessions_.size() - 1));
      sessions_.clear();
      ended();
    });
  }
  if (sessions_.empty())
    for (auto& promise : std::exchange(retirers_, {}))
      promise.deliver(retired{});
}

void shard_state::ended() {
  active_->dec();
  if (retiring_ && sessions_.empty())
    retire();
}

shard_actor spawn_shard(caf::actor_system& system, environment_ptr env, shard_settings settings) {
  using impl = shard_state::actor::stateful_impl<shard_state>;
  return system.spawn<impl>(std::move(env), settings);
}

} // namespace spotter::actors
