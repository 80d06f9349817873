#include "gateway/live/commands.hpp"
#include "gateway/live/hub.hpp"
#include "gateway/problem.hpp"
#include "gateway/worker.hpp"

#include <algorithm>

// Who follows what.

namespace spotter::gateway {

namespace {

/// Whose story a topic of this connection is about.
const domain::uuid& owner_of(const live_connection& who, const live_topic& topic) {
  return topic.athlete_id.is_nil() ? who.who().user_id : topic.athlete_id;
}

} // namespace

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
                                "This socket follows as much as it may.", who.device().trace_id, {},
                                0));
    return;
  }
  if (topic.athlete_id.is_nil())
    join(who, id, topic, since);
  else
    follow(who, id, topic, since);
}

void live_hub::join(live_connection& who, std::optional<std::int64_t> id, const live_topic& topic,
                    std::optional<messages::position> since) {
  auto& feed = feed_of(owner_of(who, topic));
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

void live_hub::unsubscribe(live_connection& who, const live_topic& topic) {
  for (std::size_t i = 0; i < who.subscriptions.size(); ++i)
    if (same_name(who.subscriptions[i].topic->topic, topic)) {
      exit(who, i);
      break;
    }
  if (!topic.athlete_id.is_nil())
    forget_follow(who, topic);
  const auto owner = owner_of(who, topic);
  const auto it = feeds_.find(owner);
  if (it == feeds_.end())
    return;
  for (const auto& join : it->second->joins)
    if (same_name(join->topic, topic))
      who.joining -= static_cast<std::uint32_t>(std::erase_if(
        join->waiters, [&who](const live_join::waiter& w) { return w.connection.get() == &who; }));
  tidy(owner);
}

void live_hub::leave(live_connection& who) {
  while (!who.subscriptions.empty())
    exit(who, who.subscriptions.size() - 1);
  for (std::size_t i = follows_.size(); i-- > 0;)
    if (follows_[i].who.get() == &who) {
      const auto athlete = follows_[i].topic.athlete_id;
      follows_.erase(follows_.begin() + static_cast<std::ptrdiff_t>(i));
      leave_feed(who, athlete);
    }
  leave_feed(who, who.who().user_id);
  who.joining = 0;
}

void live_hub::leave_feed(live_connection& who, const domain::uuid& user) {
  const auto it = feeds_.find(user);
  if (it == feeds_.end())
    return;
  if (who.joining > 0)
    for (const auto& join : it->second->joins)
      std::erase_if(join->waiters,
                    [&who](const live_join::waiter& w) { return w.connection.get() == &who; });
  tidy(user);
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

} // namespace spotter::gateway
