#include "actors/accounts/erasure_job.hpp"

#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <utility>

namespace spotter::actors::accounts {

namespace {

struct erasure_job_state {
  static inline const char* name = "spotter.erasure_job";

  erasure_job_state(job_actor::pointer self, erasure_environment env)
    : self_(self), env_(std::move(env)) {}

  job_actor::behavior_type make_behavior() {
    return {
      [this](const messages::job& claim) -> caf::result<messages::end_job> {
        claim_ = claim;
        answer_ = self_->make_response_promise<messages::end_job>();
        end_session();
        return answer_;
      },
      // An erasure is owed: it has no last try.
      [this](const messages::end_job& how) -> caf::result<messages::end_job> {
        self_->quit();
        return messages::end_job{how.claim, "snooze", 0, how.reason};
      },
    };
  }

private:
  /// The user's session holds what it knows in memory, and its timers may still store. A new one finds no
  /// such account.
  void end_session() {
    const auto shard = env_.shards(claim_.user_id);
    if (!shard) {
      erase(false);
      return;
    }
    self_->request(shard, env_.timeout, messages::get_session{claim_.user_id})
      .then(
        [this](const messages::session_found& found) {
          if (const auto session = caf::actor_cast<messages::session_actor>(found.session))
            caf::anon_send(session, messages::retire{});
          erase(false);
        },
        [this](const caf::error&) { erase(false); });
  }

  void erase(bool again) {
    self_->request(env_.store, env_.timeout, messages::erase_rows{claim_.user_id, env_.batch})
      .then(
        [this, again](const messages::rows_erased& erased) {
          if (erased.rows > 0)
            erase(again);
          else if (again)
            end("finished", {});
          else
            self_->run_delayed(env_.grace, [this] { erase(true); });
        },
        [this](const caf::error& why) { end("retry", "The store: " + to_string(why)); });
  }

  void end(std::string state, std::string reason) {
    answer_.deliver(messages::end_job{claim_, std::move(state), 0, std::move(reason)});
    self_->quit();
  }

  job_actor::pointer self_;
  erasure_environment env_;
  messages::job claim_;
  caf::typed_response_promise<messages::end_job> answer_;
};

} // namespace

job_spawner erasure_spawner(erasure_environment env) {
  return [env = std::move(env)](caf::actor_system& system) -> job_actor {
    return system.spawn<job_actor::stateful_impl<erasure_job_state>>(env);
  };
}

} // namespace spotter::actors::accounts
