#include "actors/accounts/mail_job.hpp"

#include "actors/accounts/mailed_token.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <utility>

namespace spotter::actors::accounts {

namespace {

struct mail_job_state {
  static inline const char* name = "spotter.mail_job";

  mail_job_state(job_actor::pointer self, mail_environment env)
    : self_(self), env_(std::move(env)) {}

  job_actor::behavior_type make_behavior() {
    return {
      [this](const messages::job& claim) -> caf::result<messages::end_job> {
        begin(claim);
        prepare();
        return answer_;
      },
      [this](const messages::end_job& how) -> caf::result<messages::end_job> {
        begin(how.claim);
        // Nobody waits for a mail in this program; the row tells that it was given up, and why.
        finish("dead", how.reason, "dead");
        return answer_;
      },
    };
  }

private:
  void begin(const messages::job& claim) {
    claim_ = claim;
    answer_ = self_->make_response_promise<messages::end_job>();
  }

  void prepare() {
    token_ = make_mailed_token();
    self_
      ->request(
        env_.store, env_.store_timeout,
        messages::prepare_mail{claim_.user_id, claim_.subject_id, hash_mailed_token(token_)})
      .then(
        [this](messages::mail_image& mail) {
          if (!mail.found)
            end("finished", {});
          else if (!mail.wanted)
            finish("dead", "Nobody can wait for it any more.", "dead");
          else
            send(std::move(mail.letter));
        },
        [this](const caf::error& why) { end("retry", "The store: " + to_string(why)); });
  }

  void send(messages::send_letter letter) {
    letter.token = std::exchange(token_, {});
    self_->request(env_.mailer, env_.send_timeout, std::move(letter))
      .then(
        [this](messages::letter_sent& how) {
          if (how.state == "sent")
            finish("sent", {}, "finished");
          else if (how.state == "refused")
            finish("dead", std::move(how.reason), "dead");
          else
            end("retry", std::move(how.reason));
        },
        [this](const caf::error& why) { end("retry", "The mailer: " + to_string(why)); });
  }

  /// Notes it in the mail's row, then ends the job as `state`.
  void finish(std::string mail_state, std::string reason, std::string state) {
    messages::finish_mail note{claim_.user_id, claim_.subject_id, std::move(mail_state), reason};
    self_->request(env_.store, env_.store_timeout, std::move(note))
      .then(
        [this, state, reason](const messages::identity_stored& stored) {
          // A second mail is better than none that anybody knows of.
          if (stored.problem)
            end("retry", stored.problem->detail);
          else
            end(state, reason);
        },
        [this](const caf::error& why) { end("retry", "The store: " + to_string(why)); });
  }

  void end(std::string state, std::string reason) {
    answer_.deliver(messages::end_job{claim_, std::move(state), 0, std::move(reason)});
    self_->quit();
  }

  job_actor::pointer self_;
  mail_environment env_;
  messages::job claim_;
  caf::typed_response_promise<messages::end_job> answer_;
  std::string token_;
};

} // namespace

job_spawner mail_spawner(mail_environment env) {
  return [env = std::move(env)](caf::actor_system& system) -> job_actor {
    return system.spawn<job_actor::stateful_impl<mail_job_state>>(env);
  };
}

} // namespace spotter::actors::accounts
