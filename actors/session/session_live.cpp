#include "actors/session/session_core.hpp"
#include "actors/session/session_failures.hpp"
#include "actors/session/unit_builder.hpp"

#include <algorithm>

// How a session lets others follow: replay from memory or the log, or a snapshot.

namespace spotter::actors {

using namespace messages;

namespace {

/// Is `e` part of the topic: "me" (nil) or one workout?
bool belongs(const event& e, const domain::uuid& topic) {
  return topic.is_nil() || e.workout_id == topic;
}

std::vector<event> of_topic(const std::vector<event>& events, const domain::uuid& topic) {
  std::vector<event> out;
  std::copy_if(events.begin(), events.end(), std::back_inserter(out),
               [&topic](const event& e) { return belongs(e, topic); });
  return out;
}

failure log_unreadable() {
  auto f = refuse(failure_code::unavailable, "the event log can't be read at the moment");
  f.retry_after_ms = 1000;
  return f;
}

} // namespace

void session_state::answer_subscription(const subscribe& what, subscribe_promise promise) {
  auto& c = *core_;
  if (!may_speak()) {
    promise.deliver(subscribe_reply{session_moved()});
    return;
  }
  const auto& id = what.workout_id;
  if (id.is_nil() || c.state->knows_workout(id)) {
    if (!id.is_nil()) {
      const auto* w = c.state->find_workout(id);
      if (!w || w->deleted) {
        promise.deliver(
          subscribe_reply{refuse(failure_code::not_found, "there is no such workout")});
        return;
      }
    }
    if (what.since)
      resume(what, promise);
    else
      snapshot(what, promise);
    return;
  }
  self_->request(env_->reader, env_->limits.load_time_out, load_workout{user_id_, id, 0})
    .then(
      [this, what, promise](workout_image& image) mutable {
        if (!core_->state->knows_workout(what.workout_id))
          core_->state->learn(what.workout_id, std::move(image.workout));
        answer_subscription(what, promise);
      },
      [promise](const caf::error&) mutable { promise.deliver(subscribe_reply{log_unreadable()}); });
}

/// True if memory holds the event at `since` or everything after it, so that it alone can judge
/// and replay.
bool session_state::covers(const position& since) const {
  const auto& kept = core_->kept;
  return !kept.empty() && kept.front().at_position.seq <= since.seq;
}

std::vector<event> session_state::kept_after(std::int64_t seq, const domain::uuid& topic) const {
  std::vector<event> out;
  for (const auto& e : core_->kept)
    if (e.at_position.seq > seq && belongs(e, topic))
      out.push_back(e);
  return out;
}

void session_state::resume(const subscribe& what, subscribe_promise promise) {
  auto& c = *core_;
  const auto since = *what.since;
  const auto head = c.state->head();
  if (since.seq < 0 || since.seq > head.seq
      || head.seq - since.seq > env_->limits.replayed_events) {
    snapshot(what, promise);
    return;
  }
  if (since.seq == head.seq) {
    // Nothing was missed, if it is the same story.
    if (since.seq > 0 && since.epoch != head.epoch) {
      snapshot(what, promise);
      return;
    }
    welcome(what.sink, subscribed{head, true, {}, {}}, promise);
    return;
  }
  if (covers(since)) {
    const auto at = std::find_if(c.kept.begin(), c.kept.end(), [&since](const event& e) {
      return e.at_position.seq == since.seq;
    });
    if (at == c.kept.end() || at->at_position.epoch != since.epoch) {
      snapshot(what, promise);
      return;
    }
    welcome(what.sink, subscribed{head, true, kept_after(since.seq, what.workout_id), {}}, promise);
    return;
  }
  // The log has it. The event at `since` itself comes along, to judge the epoch.
  const auto from = std::max<std::int64_t>(since.seq - 1, 0);
  self_->request(env_->reader, env_->limits.load_time_out, load_events{user_id_, from, head.seq})
    .then(
      [this, what, since, loaded_to = head.seq, promise](event_range& range) mutable {
        auto& events = range.events;
        if (since.seq > 0) {
          if (events.empty() || events.front().at_position != since) {
            snapshot(what, promise);
            return;
          }
          events.erase(events.begin());
        }
        // What was committed while the log was read is in memory.
        const auto& kept = core_->kept;
        const auto now_at = core_->state->head();
        if (now_at.seq > loaded_to
            && (kept.empty() || kept.front().at_position.seq > loaded_to + 1)) {
          snapshot(what, promise);
          return;
        }
        auto replay = of_topic(events, what.workout_id);
        auto later = kept_after(loaded_to, what.workout_id);
        replay.insert(replay.end(), later.begin(), later.end());
        welcome(what.sink, subscribed{now_at, true, std::move(replay), {}}, promise);
      },
      [promise](const caf::error&) mutable { promise.deliver(subscribe_reply{log_unreadable()}); });
}

void session_state::snapshot(const subscribe& what, subscribe_promise promise) {
  auto& c = *core_;
  std::string text;
  domain::json_writer json{text};
  json.begin_object();
  if (what.workout_id.is_nil()) {
    json.key("workouts").begin_array();
    for (const auto* w : c.state->live_workouts())
      write(json, *w, true);
    json.end_array();
  } else if (const auto* w = c.state->find_workout(what.workout_id)) {
    json.key("workout");
    write(json, *w, true);
  } else {
    // It was forgotten while the log was read.
    answer_subscription(what, promise);
    return;
  }
  json.end_object();
  welcome(what.sink, subscribed{c.state->head(), false, {}, shared_text{std::move(text)}}, promise);
}

void session_state::welcome(const caf::actor& sink, subscribed answer, subscribe_promise promise) {
  if (retiring_ || !may_speak()) {
    promise.deliver(subscribe_reply{session_moved()});
    return;
  }
  join(sink);
  promise.deliver(subscribe_reply{std::move(answer)});
}

void session_state::join(const caf::actor& sink) {
  auto& sinks = core_->sinks;
  if (std::find(sinks.begin(), sinks.end(), sink) == sinks.end())
    sinks.push_back(sink);
}

} // namespace spotter::actors
