#include "actors/imports/import_worker.hpp"

#include <spdlog/spdlog.h>

namespace spotter::actors {

using messages::failure_code;

import_worker_state::import_worker_state(import_worker::pointer self, import_environment env)
  : self_(self), env_(std::move(env)) {}

import_worker::behavior_type import_worker_state::make_behavior() {
  // The exception's own words would be lost with the promise.
  self_->set_exception_handler([this](std::exception_ptr& thrown) -> caf::error {
    std::string why = "something that is not an exception";
    try {
      std::rethrow_exception(thrown);
    } catch (const std::exception& known) {
      why = known.what();
    } catch (...) { // handled by the words above
    }
    auto error = caf::make_error(caf::sec::runtime_error, std::move(why));
    if (answer_.pending())
      answer_.deliver(error);
    return error;
  });
  return {
    [this](const messages::job& claim) -> caf::result<messages::end_job> {
      claim_ = claim;
      answer_ = self_->make_response_promise<messages::end_job>();
      load_state();
      return answer_;
    },
  };
}

void import_worker_state::end(std::string state, std::string reason) {
  answer_.deliver(messages::end_job{claim_, std::move(state), 0, std::move(reason)});
  self_->quit();
}

template <class Answer, class Request>
void import_worker_state::load(const Request& request, std::function<void(Answer&)> then) {
  self_->request(env_.reader, env_.read_timeout, request)
    .then([then = std::move(then)](Answer& found) { then(found); },
          [this](const caf::error& why) {
            end("retry", "The database did not answer: " + to_string(why));
          });
}

// -- what must be known first ---------------------------------------------------------------------

void import_worker_state::load_state() {
  load<messages::import_image>(
    messages::load_import{claim_.user_id, claim_.subject_id},
    [this](messages::import_image& found) {
      if (!found.state) {
        end("dead", "The import is not there any more.");
        return;
      }
      state_ = std::move(*found.state);
      if (state_.status == "cancelled")
        end("cancelled");
      else if (state_.status == "finished" || state_.status == "failed")
        end("finished"); // the run before this one got so far, but could not say so
      else
        load_file();
    });
}

void import_worker_state::load_file() {
  load<messages::import_file>(messages::load_import_file{claim_.user_id, claim_.subject_id},
                              [this](messages::import_file& found) {
                                file_ = std::move(found);
                                if (!file_.found)
                                  fail("file_missing", "The file of this import is not there.");
                                else if (file_.content.view().size() > env_.limits.file_bytes)
                                  fail("file_too_large",
                                       "The file is larger than "
                                         + std::to_string(env_.limits.file_bytes / (1024 * 1024))
                                         + " MiB.");
                                else
                                  load_names();
                              });
}

void import_worker_state::load_names() {
  load<messages::exercise_names>(messages::load_exercise_names{claim_.user_id},
                                 [this](messages::exercise_names& found) {
                                   names_ = std::move(found.exercises);
                                   load_zone();
                                 });
}

void import_worker_state::load_zone() {
  zone_name_ = file_.time_zone;
  if (!zone_name_.empty()) {
    parse();
    return;
  }
  load<messages::session_image>(messages::load_session{claim_.user_id},
                                [this](messages::session_image& found) {
                                  zone_name_ = found.who.time_zone;
                                  parse();
                                });
}

void import_worker_state::parse() {
  auto zone = zone_clock::of(zone_name_);
  if (!zone) {
    fail("unknown_time_zone", "There is no time zone of the name \"" + zone_name_ + "\".");
    return;
  }
  domain::file_options options;
  options.weight = domain::parse_weight_unit(file_.unit);
  auto parsed = domain::parse_workout_file(file_.content.view(), options);
  file_.content = {};
  if (!parsed) {
    const auto& why = parsed.error();
    fail(std::string{to_string(why.fault)}, why.message, why.line);
    return;
  }
  state_.provider = to_string(parsed->app);
  const auto size = parsed->workouts.size();
  if (size > env_.limits.workouts) {
    fail("too_many_workouts",
         "The file has more than " + std::to_string(env_.limits.workouts) + " workouts.");
    return;
  }
  const bool unit_needed = parsed->needs_weight_unit;
  plan_.emplace(claim_.user_id, std::move(*parsed), std::move(*zone), names_, env_.limits);
  names_.clear();
  if (unit_needed) {
    ask_for_unit();
    return;
  }
  // Another total means that this release reads the file differently: what is stored already will
  // be found unchanged.
  if (static_cast<std::size_t>(state_.total) != size) {
    state_.done = 0;
    state_.counts = {};
  }
  state_.total = static_cast<std::int32_t>(size);
  state_.problem_code.clear();
  state_.problem_detail.clear();
  spdlog::info("Import {}: {} workouts from {}, {} done before", to_string(state_.import_id), size,
               state_.provider, state_.done);
  next();
}

// -- chunk by chunk -------------------------------------------------------------------------------

void import_worker_state::next() {
  const auto done = static_cast<std::size_t>(state_.done);
  if (ranges_.empty()) {
    if (done >= plan_->size() && state_.status == "finished") {
      end("finished");
      return;
    }
    ranges_.push_back(plan_->chunk_at(std::min(done, plan_->size())));
  }
  const auto range = ranges_.front();
  ranges_.pop_front();
  look_for_cancel(range);
}

void import_worker_state::look_for_cancel(workout_range range) {
  load<messages::import_image>(messages::load_import{claim_.user_id, claim_.subject_id},
                               [this, range](messages::import_image& now) {
                                 if (!now.state)
                                   end("dead", "The import is not there any more.");
                                 else if (now.state->status == "cancelled")
                                   end("cancelled");
                                 else
                                   send(range);
                               });
}

void import_worker_state::send(workout_range range) {
  auto chunk = plan_->build(range);
  messages::import_workouts report{state_, std::move(chunk.exercises), std::move(chunk.workouts),
                                   std::move(chunk.log)};
  report.state.counts.failed += chunk.failed;
  report.state.done = static_cast<std::int32_t>(range.last);
  report.state.status = range.last == plan_->size() ? "finished" : "running";
  ask_session(self_, env_.shards, env_.patience,
              messages::command{claim_.user_id, {}, {}, {}, std::move(report)},
              [this, range](messages::command_reply reply) {
                attend(range, range.size() > 0, std::move(reply));
              });
}

void import_worker_state::send_refused(workout_range range, const messages::failure& why) {
  // The workout's notes still belong into the log, and what the session had against it.
  auto chunk = plan_->build(range);
  chunk.log.push_back(plan_->about(range.first, "error", "workout_refused",
                                   "The workout was left out: " + why.detail));
  messages::import_workouts report{state_, {}, {}, std::move(chunk.log)};
  ++report.state.counts.failed;
  report.state.done = static_cast<std::int32_t>(range.last);
  report.state.status = range.last == plan_->size() ? "finished" : "running";
  ask_session(
    self_, env_.shards, env_.patience,
    messages::command{claim_.user_id, {}, {}, {}, std::move(report)},
    [this, range](messages::command_reply reply) { attend(range, false, std::move(reply)); });
}

void import_worker_state::attend(workout_range range, bool halve, messages::command_reply reply) {
  if (const auto* done = std::get_if<messages::outcome>(&reply.result)) {
    moved_on(range, done->counts.value_or(state_.counts));
    return;
  }
  auto& why = std::get<messages::failure>(reply.result);
  switch (why.code) {
    case failure_code::moved:
    case failure_code::unavailable:
    case failure_code::overloaded:
      end("retry", why.detail);
      return;
    case failure_code::outcome_unknown:
      resolve_doubt(range);
      return;
    case failure_code::not_found:
      end("dead", "The import is not there any more.");
      return;
    default:
      refused(range, halve, std::move(why));
  }
}

void import_worker_state::moved_on(workout_range range, const messages::import_counts& counts) {
  state_.counts = counts;
  state_.done = static_cast<std::int32_t>(range.last);
  state_.status = range.last == plan_->size() ? "finished" : "running";
  next();
}

void import_worker_state::resolve_doubt(workout_range range) {
  if (++doubts_ > env_.doubts) {
    end("retry", "It stayed unknown whether workouts were stored.");
    return;
  }
  load<messages::import_image>(
    messages::load_import{claim_.user_id, claim_.subject_id},
    [this, range](messages::import_image& now) {
      if (now.state && static_cast<std::size_t>(now.state->done) >= range.last
          && now.state->total == state_.total && now.state->status != "cancelled") {
        moved_on(range, now.state->counts); // it was stored after all
        return;
      }
      // To send it again is safe: what is stored is found unchanged.
      ranges_.push_front(range);
      next();
    });
}

void import_worker_state::refused(workout_range range, bool halve, messages::failure why) {
  load<messages::import_image>(
    messages::load_import{claim_.user_id, claim_.subject_id},
    [this, range, halve, why = std::move(why)](messages::import_image& now) {
      if (now.state && now.state->status == "cancelled") {
        end("cancelled");
      } else if (!halve) {
        end("retry", "The session refuses the import's state: " + why.detail);
      } else if (range.size() == 1) {
        send_refused(range, why);
      } else {
        const auto middle = range.first + range.size() / 2;
        ranges_.push_front({middle, range.last});
        ranges_.push_front({range.first, middle});
        next();
      }
    });
}

// -- ends -----------------------------------------------------------------------------------------

void import_worker_state::ask_for_unit() {
  messages::import_workouts report{state_, {}, {}, {}};
  report.state.status = "needs_input";
  report.state.total = static_cast<std::int32_t>(plan_->size());
  report.state.problem_code = "unit_needed";
  report.state.problem_detail =
    "The file does not say whether its weights are in kg or lb. Send it again and say which.";
  tell(std::move(report), [this] { end("finished", "unit_needed"); });
}

void import_worker_state::fail(std::string code, std::string detail, std::size_t line) {
  // How a job ends stands in the operator's log, which what people's files hold is none of.
  auto reason = "Refused: " + code;
  if (line > 0)
    reason += " in line " + std::to_string(line);
  reason += "; the import's own log has the details.";
  messages::import_workouts report{state_, {}, {}, {}};
  report.log.push_back({static_cast<std::int32_t>(line), "error", code, detail});
  report.state.status = "failed";
  report.state.problem_code = std::move(code);
  report.state.problem_detail = std::move(detail);
  tell(std::move(report), [this, reason] { end("dead", reason); });
}

void import_worker_state::tell(messages::import_workouts report, std::function<void()> done) {
  ask_session(self_, env_.shards, env_.patience,
              messages::command{claim_.user_id, {}, {}, {}, std::move(report)},
              [this, done = std::move(done)](messages::command_reply reply) {
                const auto* why = std::get_if<messages::failure>(&reply.result);
                if (!why || why->code == failure_code::not_found
                    || why->code == failure_code::conflict) // cancelled, or nobody to tell
                  done();
                else
                  end("retry", why->detail);
              });
}

} // namespace spotter::actors
