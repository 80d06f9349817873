#include "gateway/live/hub.hpp"

#include "actors/messages/resource_json.hpp"
#include "gateway/live/commands.hpp"
#include "gateway/problem.hpp"
#include "gateway/worker.hpp"

#include <boost/asio/post.hpp>

#include <caf/actor_cast.hpp>
#include <caf/system_messages.hpp>

#include <algorithm>
#include <charconv>

namespace spotter::gateway {

namespace {

using namespace std::chrono_literals;

constexpr int most_tries = 8;
constexpr std::chrono::milliseconds longest_pause{5'000};

constexpr std::size_t sends_at_once = 256; // before the thread's other work gets its turn
constexpr std::size_t rests_from = 64;     // subscribers
constexpr std::chrono::milliseconds longest_rest{2};

void append_event(std::string& out, live_wire wire, std::string_view json,
                  const messages::position* at) {
  if (wire == live_wire::websocket) {
    websocket::append_frame(out, websocket::opcode::text, json);
    return;
  }
  if (at) {
    out += "id: ";
    out += std::to_string(at->epoch);
    out += '-';
    out += std::to_string(at->seq);
    out += '\n';
  }
  ((out += "data: ") += json) += "\n\n";
}

void append_event(std::string& out, live_wire wire, const messages::event& what,
                  const std::string& topic) {
  thread_local std::string text;
  text.clear();
  domain::json_writer json{text};
  messages::write(json, what, topic);
  append_event(out, wire, text, &what.at_position);
}

std::string subscribed_text(std::optional<std::int64_t> id, const live_topic& topic,
                            const messages::subscribed& answer) {
  std::string out;
  domain::json_writer json{out};
  json.begin_object();
  json.member_if("id", id);
  json.member("type", "subscribed").member("topic", std::string_view{to_string(topic)});
  json.key("position");
  messages::write(json, answer.at);
  json.member("recovered", answer.recovered);
  if (!answer.recovered && !answer.snapshot.empty())
    json.key("snapshot").raw(answer.snapshot.view());
  json.end_object();
  return out;
}

/// "epoch-seq", as an event stream's ids are.
std::optional<messages::position> parse_event_id(std::string_view text) noexcept {
  const auto dash = text.find('-');
  if (dash == text.npos)
    return std::nullopt;
  const auto number = [](std::string_view part) -> std::optional<std::int64_t> {
    std::int64_t n = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), n);
    if (error != std::errc{} || end != part.data() + part.size() || n < 0)
      return std::nullopt;
    return n;
  };
  const auto epoch = number(text.substr(0, dash));
  const auto seq = number(text.substr(dash + 1));
  if (!epoch || !seq)
    return std::nullopt;
  return messages::position{*epoch, *seq};
}

} // namespace

/// Brings the answer of a session to the join that waits for it.
class live_hub::join_op final : public ask_op {
public:
  join_op(live_hub& hub, const domain::uuid& user, live_join* join)
    : hub_(hub), user_(user), join_(join) {}

  void done(std::unique_ptr<ask_op>, ask_result result) override {
    hub_.on_joined(user_, join_, std::move(result));
  }

private:
  live_hub& hub_;
  domain::uuid user_;
  live_join* join_;
};

live_hub::live_hub(worker& at)
    : at_(at), rest_timer_(std::make_unique<worker_timer>(at.io().get_executor())) {}

live_hub::~live_hub() = default;

// ---- connections

void live_hub::add(live_connection::pointer connection) {
  auto& metrics = at_.common().metrics;
  (connection->wire() == live_wire::websocket ? metrics.live_sockets : metrics.live_streams)->inc();
  connection->table_index = static_cast<std::uint32_t>(connections_.size());
  connections_.push_back(std::move(connection));
}

void live_hub::adopt_websocket(transport stream, net::ip::address peer, const caller& who,
                               std::string early) {
  const live_connection::pointer connection{new live_connection(
    *this, live_wire::websocket, std::move(stream), std::move(peer), who, steady::now())};
  add(connection);
  const auto& config = at_.common().config;
  std::string hello;
  domain::json_writer json{hello};
  json.begin_object()
    .member("type", "hello")
    .member("node", std::string_view{config.node})
    .member("heartbeat_ms", static_cast<std::int64_t>(config.limits.heartbeat.count()))
    .key("limits")
    .begin_object()
    .member("message_bytes", static_cast<std::int64_t>(config.limits.message_bytes))
    .member("commands_in_flight", static_cast<std::int64_t>(config.limits.commands_in_flight))
    .member("subscriptions", static_cast<std::int64_t>(config.limits.subscriptions))
    .end_object()
    .end_object();
  connection->send_message(hello);
  connection->start(std::move(early));
  if (draining_)
    connection->drain(1'000, steady::now());
  flush();
}

void live_hub::adopt_stream(transport stream, net::ip::address peer, const caller& who,
                            std::string_view topic, std::string_view last_event_id) {
  const live_connection::pointer connection{new live_connection(
    *this, live_wire::event_stream, std::move(stream), std::move(peer), who, steady::now())};
  add(connection);
  connection->start({});
  if (connection->is_open())
    subscribe(*connection, std::nullopt, parse_topic(topic).value_or(live_topic{}),
              parse_event_id(last_event_id));
  flush();
}

void live_hub::remove(live_connection& who, const net::ip::address& peer) {
  auto& common = at_.common();
  (who.wire() == live_wire::websocket ? common.metrics.live_sockets : common.metrics.live_streams)
    ->dec();
  common.metrics.connections->dec();
  common.gate.close(peer);
  const auto index = who.table_index;
  auto last = std::move(connections_.back());
  connections_.pop_back();
  if (last.get() != &who) {
    last->table_index = index;
    connections_[index].swap(last);
  }
}

void live_hub::flush_later(live_connection& who) {
  if (who.flush_queued)
    return;
  who.flush_queued = true;
  to_flush_.emplace_back(&who);
}

void live_hub::doom(live_connection& who, std::optional<close_code> code) {
  doomed_.emplace_back(&who, code);
}

void live_hub::end_doomed() {
  while (!doomed_.empty()) {
    const auto list = std::move(doomed_);
    doomed_.clear();
    for (const auto& [connection, code] : list) {
      if (code)
        connection->close(*code);
      else
        connection->drop();
    }
  }
}

void live_hub::flush() {
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

void live_hub::tick(steady::time_point now) {
  if (renewals_due_ > 0)
    for (const auto& [user, feed] : feeds_)
      for (const auto& join : feed->joins)
        if (join->due <= now) {
          join->due = steady::time_point::max();
          --renewals_due_;
          ask(*feed, *join);
        }
  flush();
}

void live_hub::sweep(steady::time_point now) {
  const auto wall = domain::now();
  // From the back: a connection that goes is replaced by the last one, which had its turn.
  for (std::size_t i = connections_.size(); i-- > 0;)
    if (i < connections_.size()) {
      const auto connection = connections_[i];
      connection->sweep(now, wall);
    }
  flush();
}

void live_hub::drain() {
  draining_ = true;
  const auto now = steady::now();
  std::uint64_t spread = 0;
  for (const auto& connection : connections_) {
    // Spread over four seconds, so that they do not all come to the next server at once.
    spread = (spread + 1'237) % 4'000;
    connection->drain(static_cast<std::int64_t>(1'000 + spread), now);
  }
  flush();
}

void live_hub::abort() {
  rest_timer_->cancel();
  const auto list = connections_;
  for (const auto& connection : list)
    connection->drop();
  to_flush_.clear();
  doomed_.clear();
}

void live_hub::revoke(const domain::uuid& login_id) {
  for (const auto& connection : connections_)
    if (connection->who().login_id == login_id)
      doom(*connection, close_code::session_revoked);
  flush();
}

// ---- who follows what

live_feed& live_hub::feed_of(const domain::uuid& user) {
  auto& feed = feeds_[user];
  if (!feed) {
    feed = std::make_unique<live_feed>();
    feed->user_id = user;
  }
  return *feed;
}

live_topic_table& live_hub::topic_of(live_feed& feed, const live_topic& topic) {
  for (const auto& t : feed.topics)
    if (t->topic == topic)
      return *t;
  feed.topics.push_back(std::make_unique<live_topic_table>());
  feed.topics.back()->topic = topic;
  return *feed.topics.back();
}

void live_hub::subscribe(live_connection& who, std::optional<std::int64_t> id,
                         const live_topic& topic, std::optional<messages::position> since) {
  unsubscribe(who, topic);
  if (who.subscriptions.size() + who.joining >= at_.common().config.limits.subscriptions) {
    who.send_message(error_text(id, kind_of(messages::failure_code::too_many_requests),
                                "This socket follows as much as it may.", {}, 0));
    return;
  }
  auto& feed = feed_of(who.who().user_id);
  ++who.joining;
  for (const auto& join : feed.joins)
    if (!join->renewal && join->topic == topic && join->since == since) {
      join->waiters.push_back({live_connection::pointer{&who}, id});
      return;
    }
  feed.joins.push_back(std::make_unique<live_join>());
  auto& join = *feed.joins.back();
  join.topic = topic;
  join.since = since;
  join.waiters.push_back({live_connection::pointer{&who}, id});
  ask(feed, join);
}

void live_hub::ask(live_feed& feed, live_join& join) {
  ++join.tries;
  messages::subscribe request;
  request.user_id = feed.user_id;
  request.workout_id = join.topic.workout_id;
  request.since = join.since;
  request.sink = at_.companion();
  at_.users().ask(feed.user_id, caf::make_message(std::move(request)),
                  at_.common().config.limits.ask_timeout,
                  std::make_unique<join_op>(*this, feed.user_id, &join));
}

void live_hub::unsubscribe(live_connection& who, const live_topic& topic) {
  for (std::size_t i = 0; i < who.subscriptions.size(); ++i)
    if (who.subscriptions[i].topic->topic == topic) {
      exit(who, i);
      break;
    }
  const auto it = feeds_.find(who.who().user_id);
  if (it == feeds_.end())
    return;
  for (const auto& join : it->second->joins)
    if (join->topic == topic)
      who.joining -= static_cast<std::uint32_t>(std::erase_if(
        join->waiters, [&who](const live_join::waiter& w) { return w.connection.get() == &who; }));
  tidy(who.who().user_id);
}

void live_hub::leave(live_connection& who) {
  while (!who.subscriptions.empty())
    exit(who, who.subscriptions.size() - 1);
  if (const auto it = feeds_.find(who.who().user_id); it != feeds_.end()) {
    if (who.joining > 0)
      for (const auto& join : it->second->joins)
        std::erase_if(join->waiters,
                      [&who](const live_join::waiter& w) { return w.connection.get() == &who; });
    who.joining = 0;
    tidy(who.who().user_id);
  }
}

void live_hub::enter(live_feed& feed, live_topic_table& topic, live_connection& who,
                     messages::position at) {
  for (const auto& s : who.subscriptions)
    if (s.topic == &topic) {
      topic.subscribers[s.index].at = at;
      topic.subscribers[s.index].waiting = false;
      return;
    }
  who.subscriptions.push_back(
    {&feed, &topic, static_cast<std::uint32_t>(topic.subscribers.size())});
  topic.subscribers.push_back({&who, at, false});
  if (who.wire() == live_wire::websocket)
    ++topic.sockets;
}

void live_hub::exit(live_connection& who, std::size_t subscription) {
  const auto gone = who.subscriptions[subscription];
  who.subscriptions.erase(who.subscriptions.begin() + static_cast<std::ptrdiff_t>(subscription));
  auto& subscribers = gone.topic->subscribers;
  if (gone.index + 1 < subscribers.size()) {
    subscribers[gone.index] = subscribers.back();
    for (auto& s : subscribers[gone.index].connection->subscriptions)
      if (s.topic == gone.topic)
        s.index = gone.index;
  }
  subscribers.pop_back();
  if (who.wire() == live_wire::websocket)
    --gone.topic->sockets;
}

void live_hub::tidy(const domain::uuid& user) {
  const auto it = feeds_.find(user);
  if (it == feeds_.end())
    return;
  auto& feed = *it->second;
  std::erase_if(feed.topics, [this](const std::unique_ptr<live_topic_table>& t) {
    if (!t->subscribers.empty())
      return false;
    std::erase(touched_, t.get());
    return true;
  });
  if (!feed.topics.empty() || !feed.joins.empty())
    return;
  at_.actors().demonitor(feed.session);
  feeds_.erase(it);
  unsubscribe_session(user);
}

void live_hub::unsubscribe_session(const domain::uuid& user) {
  class ignore final : public ask_op {
    void done(std::unique_ptr<ask_op>, ask_result) override {}
  };
  at_.users().ask(user, caf::make_message(messages::unsubscribe{user, at_.companion()}),
                  at_.common().config.limits.ask_timeout, std::make_unique<ignore>());
}

// ---- what sessions say

bool live_hub::on_message(caf::message& content) {
  if (content.match_elements<messages::events_published>())
    on_events(content.get_as<messages::events_published>(0));
  else if (content.match_elements<messages::session_ended>())
    on_session_ended(content.get_as<messages::session_ended>(0).user_id);
  else if (content.match_elements<caf::down_msg>())
    on_down(content.get_as<caf::down_msg>(0).source);
  else
    return false;
  return true;
}

void live_hub::on_joined(const domain::uuid& user, live_join* join, ask_result result) {
  const auto it = feeds_.find(user);
  if (it == feeds_.end())
    return;
  auto& feed = *it->second;
  const auto at = std::find_if(feed.joins.begin(), feed.joins.end(),
                               [join](const auto& j) { return j.get() == join; });
  if (at == feed.joins.end())
    return;
  auto reply = decode<messages::subscribe_reply>(std::move(result), messages::failure_code::moved);
  const messages::failure* why = nullptr;
  if (!reply)
    why = &reply.error();
  else
    why = std::get_if<messages::failure>(&reply->result);
  if (why && join->renewal && join->tries < most_tries) {
    const auto pause =
      std::min<std::chrono::milliseconds>(200ms * (1 << join->tries), longest_pause);
    join->due = steady::now() + pause;
    ++renewals_due_;
    return;
  }
  const auto mine = std::move(*at);
  feed.joins.erase(at);
  if (!why)
    watch(feed);
  if (why)
    refuse(feed, *mine, *why);
  else if (mine->renewal)
    renew(feed, *mine, std::get<messages::subscribed>(reply->result));
  else
    welcome(feed, *mine, std::get<messages::subscribed>(reply->result));
  tidy(user);
}

void live_hub::welcome(live_feed& feed, live_join& join, const messages::subscribed& answer) {
  auto& topic = topic_of(feed, join.topic);
  // What is still on its way to the others is older than the answer: by its numbers it is skipped.
  const auto name = to_string(join.topic);
  shared_bytes replay[2];
  const auto replay_for = [&](live_wire wire) {
    auto& bytes = replay[wire == live_wire::websocket ? 0 : 1];
    if (!bytes) {
      auto text = std::make_shared<std::string>();
      for (const auto& what : answer.replay)
        append_event(*text, wire, what, name);
      bytes = std::move(text);
    }
    return bytes;
  };
  for (const auto& waiter : join.waiters) {
    auto& who = *waiter.connection;
    --who.joining;
    if (!who.is_open())
      continue;
    auto first = std::make_shared<std::string>();
    // A stream that breaks off before the replay must resume from where it began.
    const bool starts_here = answer.replay.empty();
    append_event(*first, who.wire(), subscribed_text(waiter.id, join.topic, answer),
                 starts_here ? &answer.at : nullptr);
    who.flush();
    who.send(first, 0);
    if (answer.recovered && !answer.replay.empty())
      who.send(replay_for(who.wire()), 0);
    enter(feed, topic, who, answer.at);
  }
}

void live_hub::refuse(live_feed& feed, live_join& join, const messages::failure& why) {
  if (join.renewal) {
    for (const auto& topic : feed.topics)
      if (topic->topic == join.topic)
        for (const auto& s : topic->subscribers)
          if (s.waiting && join.since == s.at)
            doom(*s.connection, close_code::session_moved);
    return;
  }
  for (const auto& waiter : join.waiters) {
    auto& who = *waiter.connection;
    --who.joining;
    who.send_message(
      error_text(waiter.id, kind_of(why.code), why.detail, why.errors, why.retry_after_ms));
    if (who.wire() == live_wire::event_stream)
      doom(who, close_code::session_moved);
  }
}

// Those whose session ended go on where they stand, without noticing.
void live_hub::renew(live_feed& feed, live_join& join, const messages::subscribed& answer) {
  for (const auto& topic : feed.topics) {
    if (topic->topic != join.topic)
      continue;
    const auto name = to_string(join.topic);
    shared_bytes replay[2];
    for (auto& s : topic->subscribers) {
      if (!s.waiting || join.since != s.at)
        continue;
      if (!answer.recovered) {
        doom(*s.connection, close_code::reload);
        continue;
      }
      s.waiting = false;
      s.at = answer.at;
      if (answer.replay.empty())
        continue;
      auto& bytes = replay[s.connection->wire() == live_wire::websocket ? 0 : 1];
      if (!bytes) {
        auto text = std::make_shared<std::string>();
        for (const auto& what : answer.replay)
          append_event(*text, s.connection->wire(), what, name);
        bytes = std::move(text);
      }
      s.connection->flush();
      s.connection->send(bytes, 0);
    }
  }
}

void live_hub::on_session_ended(const domain::uuid& user) {
  at_.users().forget(user);
  const auto it = feeds_.find(user);
  if (it == feeds_.end())
    return;
  auto& feed = *it->second;
  for (const auto& topic : feed.topics) {
    // What they have not been sent yet is part of the replay that each gets from where it stands.
    for (auto& s : topic->subscribers) {
      s.waiting = true;
      const bool asked = std::any_of(feed.joins.begin(), feed.joins.end(), [&](const auto& j) {
        return j->renewal && j->topic == topic->topic && j->since == s.at;
      });
      if (asked)
        continue;
      at_.common().metrics.resubscriptions->inc();
      feed.joins.push_back(std::make_unique<live_join>());
      auto& join = *feed.joins.back();
      join.topic = topic->topic;
      join.since = s.at;
      join.renewal = true;
      ask(feed, join);
    }
  }
}

void live_hub::on_down(const caf::actor_addr& session) {
  // Rare, and then a walk over all is cheap enough.
  for (const auto& [user, feed] : feeds_)
    if (feed->session == session) {
      feed->session = nullptr;
      on_session_ended(user);
      return;
    }
}

void live_hub::watch(live_feed& feed) {
  const auto session = at_.users().known(feed.user_id);
  const auto address = caf::actor_cast<caf::actor_addr>(session);
  if (!session || address == feed.session)
    return;
  at_.actors().demonitor(feed.session);
  at_.actors().monitor(session);
  feed.session = address;
}

void live_hub::on_events(const messages::events_published& published) {
  const auto it = feeds_.find(published.user_id);
  if (it == feeds_.end()) {
    // The last subscriber left while these were on their way, or the session never heard of it.
    unsubscribe_session(published.user_id);
    return;
  }
  for (const auto& topic : it->second->topics)
    for (const auto& what : published.events)
      if (topic->topic.workout_id.is_nil() || topic->topic.workout_id == what.workout_id)
        append(*topic, what);
}

// ---- fan-out

void live_hub::append(live_topic_table& topic, const messages::event& what) {
  if (topic.subscribers.empty())
    return;
  auto& gathering = topic.gathering;
  if (gathering.marks.empty() && topic.left == 0)
    touched_.push_back(&topic);
  thread_local std::string text;
  text.clear();
  domain::json_writer json{text};
  messages::write(json, what, to_string(topic.topic));
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
