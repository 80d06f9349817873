#include "actors/session/session.hpp"

#include "actors/session/rest_timer.hpp"
#include "actors/session/session_core.hpp"
#include "actors/session/unit_builder.hpp"

#include <caf/send.hpp>
#include <spdlog/spdlog.h>

namespace spotter::actors {

using namespace messages;

namespace {

/// A command needs a few loads at most, an import one for each exercise it names.
constexpr int max_fetches = 4096;

failure busy() {
  auto f = refuse(failure_code::overloaded,
                  "too many requests of this account are waiting; try again in a moment");
  f.retry_after_ms = 1000;
  return f;
}

failure database_away() {
  auto f = refuse(failure_code::unavailable,
                  "the database can't be reached at the moment; nothing was changed");
  f.retry_after_ms = 1000;
  return f;
}

failure session_moved() {
  auto f = refuse(failure_code::moved, "the account's session is restarting; try again");
  f.retry_after_ms = 200;
  return f;
}

failure in_doubt() {
  auto f = refuse(failure_code::outcome_unknown,
                  "the connection to the database broke during the commit; send the same request "
                  "again, with the same id or idempotency key, to learn what became of it");
  f.retry_after_ms = 1000;
  return f;
}

/// Why nothing was stored, said to the client.
failure not_stored(const stored& result) {
  if (result.result == store_result::unavailable)
    return database_away();
  if (result.result == store_result::overloaded) {
    auto f = refuse(failure_code::overloaded, "the server is overloaded; try again in a moment");
    f.retry_after_ms = 1000;
    return f;
  }
  if (result.detail.find("workout_set_pkey") != std::string::npos)
    return refuse(failure_code::id_reused,
                  "a set with this id was deleted from the workout; make a new id");
  if (result.detail.find("recommendation_missing") != std::string::npos)
    return refuse(failure_code::not_found, "there is no such recommendation");
  return refuse(failure_code::conflict, "the database refused the change: " + result.detail);
}

} // namespace

session_state::session_state(session_actor::pointer self, const domain::uuid& user_id,
                             shard_actor shard, environment_ptr env)
  : self_(self), user_id_(user_id), shard_(std::move(shard)), env_(std::move(env)) {}

session_state::~session_state() = default;

session_actor::behavior_type session_state::make_behavior() {
  return {
    [this](command& cmd) -> caf::result<command_reply> {
      auto& c = active();
      auto promise = self_->make_response_promise<command_reply>();
      if (c.queue.size() >= env_->limits.queued_commands) {
        promise.deliver(command_reply{busy()});
        return promise;
      }
      c.queue.push_back({std::move(cmd), promise});
      if (c.queue.size() == 1)
        advance();
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
      if (c.state) {
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

void session_state::advance() {
  auto& c = *core_;
  if (!c.state) {
    if (!c.queue.empty())
      load();
    return;
  }
  while (!c.queue.empty() && !c.in_flight && !c.fetching) {
    auto& front = c.queue.front();
    auto d = decide(*c.state, front.cmd, c.once, env_->now());
    if (auto* missing = std::get_if<need>(&d)) {
      if (++c.fetches <= max_fetches) {
        fetch(*missing);
        return;
      }
      d = refuse(failure_code::internal, "the request needs too much at once");
    }
    if (auto* work = std::get_if<decided>(&d)) {
      c.in_flight = std::make_shared<const store_unit>(std::move(work->unit));
      c.answer = std::move(work->answer);
      c.stored_at = std::chrono::steady_clock::now();
#ifdef SPOTTER_BREAK_ACK_BEFORE_COMMIT
      front.promise.deliver(command_reply{c.answer});
#endif
      self_->send(env_->writer, store{c.in_flight});
      return;
    }
    auto promise = std::move(front.promise);
    c.queue.pop_front();
    c.once = {};
    c.fetches = 0;
    if (auto* refused = std::get_if<failure>(&d))
      promise.deliver(command_reply{std::move(*refused)});
    else
      promise.deliver(command_reply{std::move(std::get<outcome>(d))});
  }
}

void session_state::fetch(const need& what) {
  auto& c = *core_;
  c.fetching = true;
  const auto failed = [this](const caf::error&) {
    auto& core = *core_;
    core.fetching = false;
    auto promise = std::move(core.queue.front().promise);
    core.queue.pop_front();
    core.once = {};
    core.fetches = 0;
    promise.deliver(command_reply{database_away()});
    advance();
  };
  const auto ask = [&, this]<class Image>(const auto& question, void (*learn)(core&, Image&)) {
    self_->request(env_->reader, env_->limits.load_time_out, question)
      .then(
        [this, learn](Image& image) {
          core_->fetching = false;
          learn(*core_, image);
          advance();
        },
        failed);
  };
  c.fetched_for = what;
  if (const auto* w = std::get_if<load_workout>(&what)) {
    ask(
      *w, +[](core& k, workout_image& image) {
        const auto& asked = std::get<load_workout>(*k.fetched_for);
        if (asked.at_version > 0)
          k.once.old_version = std::move(image);
        else
          k.state->learn(asked.workout_id, std::move(image.workout));
      });
  } else if (const auto* e = std::get_if<load_exercise>(&what)) {
    ask(
      *e, +[](core& k, exercise_image& image) {
        k.state->learn(std::get<load_exercise>(*k.fetched_for).exercise_id, std::move(image));
      });
  } else if (const auto* a = std::get_if<load_answer>(&what)) {
    ask(
      *a, +[](core& k, answer_image& image) {
        k.state->learn(std::get<load_answer>(*k.fetched_for).key, std::move(image.answer));
      });
  } else if (const auto* s = std::get_if<load_sources>(&what)) {
    ask(
      *s, +[](core& k, source_matches& matches) { k.once.sources = std::move(matches); });
  } else if (const auto* i = std::get_if<load_import>(&what)) {
    ask(
      *i, +[](core& k, import_image& image) { k.once.import = std::move(image); });
  }
}

void session_state::handle(const stored& result) {
  if (!core_ || !core_->in_flight || core_->in_flight->unit_id != result.unit_id)
    return; // the answer to a unit of this user's former session
  auto& c = *core_;
  switch (result.result) {
    case store_result::committed:
      committed();
      return;
    case store_result::rejected:
    case store_result::overloaded:
    case store_result::unavailable: {
      c.in_flight.reset();
      auto promise = std::move(c.queue.front().promise);
      c.queue.pop_front();
      c.once = {};
      c.fetches = 0;
      promise.deliver(command_reply{not_stored(result)});
      advance();
      return;
    }
    case store_result::fenced:
    case store_result::superseded:
      spdlog::warn("session of user {} ends: its write was {}", domain::to_string(user_id_),
                   result.result == store_result::fenced ? "fenced" : "superseded");
      end(session_moved());
      return;
    case store_result::unknown:
      end(in_doubt());
      return;
  }
}

// Store first, then apply: memory never runs ahead of the database.
void session_state::committed() {
  auto& c = *core_;
  const auto unit = std::move(c.in_flight);
  c.in_flight.reset();
  c.state->apply(*unit);
  ++c.generation;
  c.pages.clear();
  auto promise = std::move(c.queue.front().promise);
  c.queue.pop_front();
  c.once = {};
  c.fetches = 0;
#ifndef SPOTTER_BREAK_ACK_BEFORE_COMMIT
  promise.deliver(command_reply{std::move(c.answer)});
#endif
  c.answer = {};
  publish(*unit);
  for (const auto& e : unit->events)
    if (e.name == event_name::timer_started)
      rest(e.workout_id);
  for (const auto& change : unit->changes) {
    const auto* put = std::get_if<put_import>(&change);
    if (std::holds_alternative<add_import>(change) || (put && put->requeue))
      env_->import_queued();
  }
  advance();
}

void session_state::publish(const store_unit& unit) {
  auto& c = *core_;
  if (c.kept.size() >= 2 * env_->limits.kept_events)
    c.kept.erase(c.kept.begin(),
                 c.kept.end() - static_cast<std::ptrdiff_t>(env_->limits.kept_events));
  c.kept.insert(c.kept.end(), unit.events.begin(), unit.events.end());
  if (c.sinks.empty())
    return;
  const auto message = caf::make_message(events_published{user_id_, unit.events});
  for (const auto& sink : c.sinks)
    caf::anon_send(sink, message);
}

/// Calls back when the rest under way in a workout is over.
void session_state::rest(const domain::uuid& workout_id) {
  const auto* w = core_->state->find_workout(workout_id);
  const auto timer = w ? rest_in(*w, env_->now()) : std::nullopt;
  if (!timer)
    return;
  ++core_->resting;
  self_->run_delayed(timer->ends_at - env_->now(),
                     [this, done = end_timer{workout_id, timer->set_id}] {
                       --core_->resting;
                       core_->queue.push_back({command{user_id_, {}, {}, {}, done}, {}});
                       if (core_->queue.size() == 1)
                         advance();
                     });
}

void session_state::end(const failure& why) {
  if (core_) {
    auto& c = *core_;
    // Only the first can be in doubt: the others were not begun.
    bool first = c.in_flight != nullptr;
    for (auto& w : c.queue) {
      w.promise.deliver(command_reply{first ? why : session_moved()});
      first = false;
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

// The shard asks now and then; who was not used since the last time goes.
void session_state::passivate() {
  if (core_ && core_->in_flight
      && std::chrono::steady_clock::now() - core_->stored_at > env_->limits.store_time_out) {
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
          || core_->loading || core_->resting > 0))
    return;
  end(session_moved());
}

} // namespace spotter::actors
