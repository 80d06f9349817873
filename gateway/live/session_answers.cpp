#include "domain/json_redaction.hpp"
#include "gateway/live/commands.hpp"
#include "gateway/live/event_text.hpp"
#include "gateway/live/hub.hpp"
#include "gateway/problem.hpp"
#include "gateway/worker.hpp"

#include <caf/actor_cast.hpp>
#include <caf/system_messages.hpp>

#include <algorithm>

// What sessions say to those who follow them: answers, events, and that they have ended.

namespace spotter::gateway {

namespace {

using namespace std::chrono_literals;

constexpr int most_tries = 8;
constexpr std::chrono::milliseconds longest_pause{5'000};

/// The answer of a session as subscribers of a topic may see it; nothing where they may not see its
/// subject at all.
std::optional<messages::subscribed> as_shown(const live_topic& topic, messages::subscribed answer) {
  if (topic.athlete_id.is_nil())
    return answer;
  std::vector<messages::event> replay;
  for (const auto& what : answer.replay)
    if (is_shown(topic, what))
      replay.push_back(as_shown(topic, what));
  answer.replay = std::move(replay);
  const auto snapshot = answer.snapshot.view();
  if (is_from_elsewhere(snapshot))
    return std::nullopt;
  if (!topic.notes && !snapshot.empty())
    answer.snapshot = messages::shared_text{domain::without_values_of(snapshot, "notes")};
  return answer;
}

/// Events as each wire carries them, put into words once, for all who get them.
class replay_bytes {
public:
  replay_bytes(const live_topic& topic, const std::vector<messages::event>& events)
    : name_(to_string(topic)), events_(events) {}

  const shared_bytes& on(live_wire wire) {
    auto& bytes = wire == live_wire::websocket ? frames_ : stream_;
    if (!bytes) {
      auto text = std::make_shared<std::string>();
      for (const auto& what : events_)
        append_event(*text, wire, what, name_);
      bytes = std::move(text);
    }
    return bytes;
  }

private:
  std::string name_;
  const std::vector<messages::event>& events_;
  shared_bytes frames_;
  shared_bytes stream_;
};

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
  if (why) {
    refuse(feed, *mine, *why);
  } else if (const auto shown =
               as_shown(mine->topic, std::move(std::get<messages::subscribed>(reply->result)));
             !shown) {
    refuse(feed, *mine, {messages::failure_code::not_found, "There is nothing of this id.", {}, 0});
  } else if (mine->renewal) {
    renew(feed, *mine, *shown);
  } else {
    welcome(feed, *mine, *shown);
  }
  tidy(user);
}

void live_hub::welcome(live_feed& feed, live_join& join, const messages::subscribed& answer) {
  auto& topic = topic_of(feed, join.topic);
  // What is still on its way to the others is older than the answer: by its numbers it is skipped.
  replay_bytes replay{join.topic, answer.replay};
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
      who.send(replay.on(who.wire()), 0);
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
    forget_follow(who, join.topic);
    who.send_message(error_text(waiter.id, kind_of(why.code), why.detail, who.device().trace_id,
                                why.errors, why.retry_after_ms));
    if (who.wire() == live_wire::event_stream)
      doom(who, close_code::session_moved);
  }
}

// Those whose session ended go on where they stand, without noticing.
void live_hub::renew(live_feed& feed, live_join& join, const messages::subscribed& answer) {
  replay_bytes replay{join.topic, answer.replay};
  for (const auto& topic : feed.topics) {
    if (topic->topic != join.topic)
      continue;
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
      s.connection->flush();
      s.connection->send(replay.on(s.connection->wire()), 0);
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
      if (is_shown(topic->topic, what))
        append(*topic, what);
}

} // namespace spotter::gateway
