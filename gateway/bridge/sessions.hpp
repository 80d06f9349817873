#pragma once

#include "actors/messages/handles.hpp"
#include "domain/expected.hpp"
#include "gateway/bridge/bridge.hpp"

#include <unordered_map>

namespace spotter::gateway {

/// Asks users' sessions, by way of their shards. Remembers where the sessions are; a session that
/// has ended is found anew and asked again, where it is certain that nothing was done.
/// Io thread only.
class sessions {
public:
  using shard_directory = std::function<messages::shard_actor(const domain::uuid& user)>;

  sessions(bridge& via, shard_directory shards);

  /// Sends a request to the session of `user`.
  void ask(const domain::uuid& user, caf::message content, std::chrono::milliseconds timeout,
           std::unique_ptr<ask_op> op);

  /// The same for coroutines.
  [[nodiscard]] awaitable<ask_result> ask(domain::uuid user, caf::message content,
                                          std::chrono::milliseconds timeout);

  /// Sends a message to the session of `user`, if it is known.
  void tell(const domain::uuid& user, caf::message content);

  /// The session of `user` that was asked last, or nothing.
  [[nodiscard]] caf::strong_actor_ptr known(const domain::uuid& user) const;

  /// Forgets where the session of `user` is.
  void forget(const domain::uuid& user);

  /// Forgets sessions that were not asked for a while, so that their memory can go.
  void sweep(steady::time_point now);

private:
  friend class session_ask;
  struct place {
    caf::strong_actor_ptr session;
    steady::time_point used;
  };

  caf::strong_actor_ptr find(const domain::uuid& user);
  void remember(const domain::uuid& user, const caf::strong_actor_ptr& session);

  bridge& bridge_;
  shard_directory shards_;
  std::unordered_map<domain::uuid, place> places_;
};

/// What became of an ask, as the actor said it or as it must be told: `lost` is what a request means
/// that was taken by an actor which then ended.
template <class Reply>
domain::expected<Reply, messages::failure> decode(ask_result&& result, messages::failure_code lost);

/// The failure of an ask that was not answered with a `Reply`.
[[nodiscard]] messages::failure to_failure(const ask_result& result, messages::failure_code lost);

template <class Reply>
domain::expected<Reply, messages::failure> decode(ask_result&& result,
                                                  messages::failure_code lost) {
  if (result.end == ask_end::answered && result.reply.match_elements<Reply>())
    return std::move(result.reply.get_mutable_as<Reply>(0));
  return to_failure(result, lost);
}

} // namespace spotter::gateway
