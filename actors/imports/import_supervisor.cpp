#include "actors/imports/import_supervisor.hpp"

#include "actors/imports/import_worker.hpp"

#include <caf/send.hpp>

#include <spdlog/spdlog.h>

namespace spotter::actors {

namespace {

using worker_implementation = import_worker::stateful_impl<import_worker_state>;
using supervisor_implementation = job_actor::stateful_impl<import_supervisor_state>;

/// True where nothing more will happen to the import.
bool has_ended(const messages::import_state& state) {
  return state.status == "finished" || state.status == "failed" || state.status == "cancelled";
}

} // namespace

import_supervisor_state::import_supervisor_state(job_actor::pointer self, import_environment env)
  : self_(self), env_(std::move(env)) {}

// A worker must not go on without a supervisor: its lease may be another's by then.
import_supervisor_state::~import_supervisor_state() {
  if (worker_)
    caf::anon_send_exit(worker_, caf::exit_reason::kill);
}

job_actor::behavior_type import_supervisor_state::make_behavior() {
  return {
    [this](const messages::job& claim) -> caf::result<messages::end_job> {
      claim_ = claim;
      answer_ = self_->make_response_promise<messages::end_job>();
      worker_ = env_.threads ? self_->spawn<worker_implementation, caf::detached>(env_)
                             : self_->spawn<worker_implementation>(env_);
      self_->request(worker_, caf::infinite, claim)
        .then([this](messages::end_job& how) { end(std::move(how.state), std::move(how.reason)); },
              [this](const caf::error& why) { note_crash(to_string(why)); });
      return answer_;
    },
    [this](messages::end_job& how) -> caf::result<messages::end_job> {
      claim_ = how.claim;
      answer_ = self_->make_response_promise<messages::end_job>();
      bury(std::move(how.reason));
      return answer_;
    },
  };
}

void import_supervisor_state::end(std::string state, std::string reason) {
  answer_.deliver(messages::end_job{claim_, std::move(state), 0, std::move(reason)});
  self_->quit();
}

void import_supervisor_state::note_crash(std::string why) {
  worker_ = nullptr;
  spdlog::error("The worker of import {} died: {}", to_string(claim_.subject_id), why);
  tell(
    [](messages::import_state& state, messages::import_log_line& line) {
      state.status = "waiting";
      line = {0, "warning", "interrupted", "The import was interrupted and will be tried again."};
    },
    "retry", "The worker died: " + why, "retry");
}

void import_supervisor_state::bury(std::string reason) {
  tell(
    [reason](messages::import_state& state, messages::import_log_line& line) {
      state.status = "failed";
      state.problem_code = "tries_exhausted";
      state.problem_detail = reason;
      line = {0, "error", "tries_exhausted", reason};
    },
    "dead", reason, "retry");
}

/// Changes the import's state and log, then answers `state`; or `otherwise` where nobody answered.
void import_supervisor_state::tell(teller change, std::string state, std::string reason,
                                   std::string otherwise) {
  self_
    ->request(env_.reader, env_.read_timeout,
              messages::load_import{claim_.user_id, claim_.subject_id})
    .then(
      [this, change, state, reason, otherwise](messages::import_image& found) {
        if (!found.state || has_ended(*found.state)) {
          end(state, reason); // the owner knows already, or there is none
          return;
        }
        messages::import_workouts report{std::move(*found.state), {}, {}, {}};
        messages::import_log_line line;
        change(report.state, line);
        report.log.push_back(std::move(line));
        ask_session(self_, env_.shards, env_.patience,
                    messages::command{claim_.user_id, {}, {}, {}, std::move(report)},
                    [this, state, reason, otherwise](const messages::command_reply& reply) {
                      using messages::failure_code;
                      const auto* refused = std::get_if<messages::failure>(&reply.result);
                      const bool told = !refused || refused->code == failure_code::not_found
                                        || refused->code == failure_code::conflict;
                      end(told ? state : otherwise, reason);
                    });
      },
      [this, reason, otherwise](const caf::error&) { end(otherwise, reason); });
}

job_spawner import_spawner(import_environment env) {
  return [env = std::move(env)](caf::actor_system& system) -> job_actor {
    return system.spawn<supervisor_implementation>(env);
  };
}

} // namespace spotter::actors
