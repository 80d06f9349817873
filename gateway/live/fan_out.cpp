#include "actors/messages/resource_json.hpp"
#include "gateway/live/event_text.hpp"
#include "gateway/live/hub.hpp"
#include "gateway/worker.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>

// From one event to many sockets.

namespace spotter::gateway {

namespace {

constexpr std::size_t sends_at_once = 256; // before the thread's other work gets its turn
constexpr std::size_t rests_from = 64;     // subscribers
constexpr std::chrono::milliseconds longest_rest{2};

} // namespace

void live_hub::flush() {
  ask_now();
  if (advance(sends_at_once))
    go_on_later();
  while (!to_flush_.empty()) {
    const auto list = std::move(to_flush_);
    to_flush_.clear();
    for (const auto& connection : list) {
      connection->flush_queued = false;
      connection->flush();
    }
  }
  end_doomed();
}

void live_hub::append(live_topic_table& topic, const messages::event& what) {
  if (topic.subscribers.empty())
    return;
  auto& gathering = topic.gathering;
  if (gathering.marks.empty() && topic.left == 0)
    touched_.push_back(&topic);
  thread_local std::string text;
  text.clear();
  domain::json_writer json{text};
  if (topic.topic.notes)
    messages::write(json, what, to_string(topic.topic));
  else
    messages::write(json, as_shown(topic.topic, what), to_string(topic.topic));
  live_topic_table::mark mark{what.at_position, 0, 0};
  if (topic.sockets > 0) {
    if (!gathering.frames)
      gathering.frames = std::make_shared<std::string>();
    append_event(*gathering.frames, live_wire::websocket, text, nullptr);
    mark.frames_end = gathering.frames->size();
  }
  if (topic.sockets < topic.subscribers.size()) {
    if (!gathering.events)
      gathering.events = std::make_shared<std::string>();
    append_event(*gathering.events, live_wire::event_stream, text, &what.at_position);
    mark.events_end = gathering.events->size();
  }
  gathering.marks.push_back(mark);
}

bool live_hub::advance(std::size_t budget) {
  const auto now = steady::now();
  bool more = false;
  auto next_rest = steady::time_point::max();
  for (auto* topic : touched_) {
    if (topic->left == 0) {
      if (topic->rest_until > now) {
        next_rest = std::min(next_rest, topic->rest_until);
        continue;
      }
      begin(*topic);
    }
    if (budget > 0)
      step(*topic, budget);
    more = more || topic->left > 0;
  }
  std::erase_if(touched_, [](const live_topic_table* topic) {
    return topic->left == 0 && topic->gathering.marks.empty();
  });
  if (next_rest < rest_until_) {
    rest_until_ = next_rest;
    rest();
  }
  return more;
}

void live_hub::begin(live_topic_table& topic) {
  topic.sending = std::move(topic.gathering);
  topic.gathering = {};
  topic.left = topic.subscribers.size();
  topic.began = steady::now();
}

void live_hub::step(live_topic_table& topic, std::size_t& budget) {
  // From the back: who leaves is replaced by the last, which had its turn, and by its position is
  // skipped the second time.
  topic.left = std::min(topic.left, topic.subscribers.size());
  const auto& marks = topic.sending.marks;
  const shared_bytes frames = topic.sending.frames;
  const shared_bytes events = topic.sending.events;
  std::int64_t delivered = 0;
  // Nobody leaves during the walk: who can't be written to is doomed, and ended afterwards.
  for (; topic.left > 0 && budget > 0; --topic.left) {
    auto& s = topic.subscribers[topic.left - 1];
    if (s.waiting || s.at.seq >= marks.back().at.seq)
      continue;
    const bool socket = s.connection->wire() == live_wire::websocket;
    std::size_t begin = 0;
    std::size_t skipped = 0;
    for (; marks[skipped].at.seq <= s.at.seq; ++skipped)
      begin = socket ? marks[skipped].frames_end : marks[skipped].events_end;
    s.at = marks.back().at;
    delivered += static_cast<std::int64_t>(marks.size() - skipped);
    s.connection->send(socket ? frames : events, begin);
    --budget;
  }
  if (delivered > 0)
    at_.common().metrics.deliveries->inc(delivered);
  if (topic.left > 0)
    return;
  topic.sending = {};
  // Events that came meanwhile are a sign that they come faster than they can be sent one by one.
  if (topic.subscribers.size() >= rests_from && !topic.gathering.marks.empty()) {
    const auto now = steady::now();
    topic.rest_until = now + std::min((now - topic.began) / 2, steady::duration{longest_rest});
  }
}

void live_hub::go_on_later() {
  if (go_on_posted_)
    return;
  go_on_posted_ = true;
  net::post(at_.io(), [this] {
    go_on_posted_ = false;
    flush();
  });
}

void live_hub::rest() {
  rest_timer_->expires_at(rest_until_);
  rest_timer_->async_wait([this](boost::system::error_code ec) {
    if (ec)
      return; // set anew, or the end
    rest_until_ = steady::time_point::max();
    flush();
  });
}

} // namespace spotter::gateway
