#include "actors/session/rest_timer.hpp"
#include "actors/session/session_core.hpp"
#include "actors/session/session_failures.hpp"
#include "actors/session/unit_builder.hpp"
#include "actors/session/unit_merge.hpp"
#include "domain/broken.hpp"

#include <caf/send.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>

// How a session decides commands, has them stored, and answers them.

namespace spotter::actors {

using namespace messages;

namespace {

/// A command needs a few loads at most, an import one for each exercise it names.
constexpr int max_fetches = 4096;

/// The answer to a command that needs no store.
command_reply reply_of(decision& d) {
  if (auto* refused = std::get_if<failure>(&d))
    return {std::move(*refused)};
  return {std::move(std::get<outcome>(d))};
}

} // namespace

void session_state::advance() {
  auto& c = *core_;
  if (retiring_) {
    end_retired();
    return;
  }
  if (!c.state) {
    if (!c.queue.empty())
      load();
    return;
  }
  while (!c.queue.empty() && !c.in_flight && !c.fetching) {
    auto d = decide(*c.state, c.queue.front().cmd, c.once, env_->now());
    if (auto* missing = std::get_if<need>(&d)) {
      if (++c.fetches <= max_fetches) {
        fetch(*missing);
        return;
      }
      d = refuse(failure_code::internal, "the request needs too much at once");
    }
    if (auto* work = std::get_if<decided>(&d))
      store_with_followers(std::move(*work));
    else
      answer_front(may_speak() ? reply_of(d) : command_reply{session_moved()});
  }
}

void session_state::fetch(const need& what) {
  auto& c = *core_;
  c.fetching = true;
  const auto failed = [this](const caf::error&) {
    core_->fetching = false;
    if (!retiring_)
      answer_front(command_reply{database_away()});
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

// The commands that queued behind the front one go with it as one unit: one commit for all. They are
// decided against what is not stored yet, so what becomes of them is told after the commit only.
void session_state::store_with_followers(decided first) {
  auto& c = *core_;
  c.in_flight = std::make_unique<core::storing>();
  auto& replies = c.in_flight->replies;
  replies.push_back({std::move(first.answer)});
  unit_merge merge{*c.state, std::move(first.unit)};
  const auto limit = c.one_by_one > 0 ? 1 : env_->limits.merged_commands;
  for (auto it = std::next(c.queue.begin());
       it != c.queue.end() && replies.size() < limit && merge.open(); ++it) {
    auto d = decide(merge.state(), it->cmd, {}, env_->now());
    if (std::holds_alternative<need>(d))
      break; // it is fetched for when it is the front
    if (auto* work = std::get_if<decided>(&d)) {
      if (!merge.add(work->unit))
        break;
      replies.push_back({std::move(work->answer)});
    } else {
      replies.push_back(reply_of(d));
    }
  }
  c.in_flight->unit = std::make_shared<const store_unit>(merge.take());
  c.in_flight->since = std::chrono::steady_clock::now();
  if (SPOTTER_BROKEN("ack_before_commit")) {
    auto waiting = c.queue.begin();
    for (const auto& reply : replies)
      (waiting++)->promise.deliver(reply);
  }
  if (SPOTTER_BROKEN("publish_before_commit"))
    publish(*c.in_flight->unit);
  self_->send(env_->writer, store{c.in_flight->unit});
}

/// Answers the front command, which is done with.
void session_state::answer_front(command_reply reply) {
  auto& c = *core_;
  auto promise = std::move(c.queue.front().promise);
  c.queue.pop_front();
  c.once = {};
  c.fetches = 0;
  if (c.one_by_one > 0)
    --c.one_by_one;
  promise.deliver(std::move(reply));
}

void session_state::handle(const stored& result) {
  if (!core_ || !core_->in_flight || core_->in_flight->unit->unit_id != result.unit_id)
    return; // the answer to a unit of this user's former session
  auto& c = *core_;
  switch (result.result) {
    case store_result::committed:
      committed();
      return;
    case store_result::rejected:
    case store_result::overloaded:
    case store_result::unavailable: {
      const auto count = c.in_flight->replies.size();
      c.in_flight.reset();
      if (result.result == store_result::rejected && count > 1) {
        // Nothing of it is stored. Each by itself: only the bad one fails.
        c.one_by_one = count;
      } else {
        for (std::size_t i = 0; i < count; ++i)
          answer_front(command_reply{not_stored(result)});
      }
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
  const auto done = std::move(c.in_flight);
  const auto& unit = *done->unit;
  c.state->apply(unit);
  ++c.generation;
  c.pages.clear();
  for (auto& reply : done->replies)
    answer_front(std::move(reply));
  if (!SPOTTER_BROKEN("publish_before_commit"))
    publish(unit);
  for (const auto& e : unit.events)
    if (e.name == event_name::timer_started)
      rest(e.workout_id);
  for (const auto& change : unit.changes) {
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
  auto& rests = core_->rests;
  if (!timer || std::find(rests.begin(), rests.end(), timer->set_id) != rests.end())
    return;
  rests.push_back(timer->set_id);
  self_->run_delayed(timer->ends_at - env_->now(),
                     [this, done = end_timer{workout_id, timer->set_id}] {
                       std::erase(core_->rests, done.set_id);
                       core_->queue.push_back({command{user_id_, {}, {}, {}, done}, {}});
                       if (core_->queue.size() == 1)
                         advance();
                     });
}

} // namespace spotter::actors
