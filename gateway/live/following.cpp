#include "domain/json.hpp"
#include "gateway/live/commands.hpp"
#include "gateway/live/hub.hpp"
#include "gateway/worker.hpp"

#include <caf/actor_cast.hpp>

#include <algorithm>

// Following somebody else: a share is asked for first, and kept in sight while its stream flows.

namespace spotter::gateway {

namespace {

using namespace std::chrono_literals;

// An end that is told while the question is under way would be missed without the first look; later
// ones are for ends of which no word came, as when nodes lose each other.
constexpr auto first_look = 2s;
constexpr auto next_look = 30s;

bool contains(const std::vector<std::string>& scopes, std::string_view scope) {
  return std::find(scopes.begin(), scopes.end(), scope) != scopes.end();
}

} // namespace

/// Brings the answer about a share back to the stream that waits for it, or that has it.
class live_hub::share_op final : public ask_op {
public:
  share_op(live_hub& hub, std::uint64_t number) : hub_(hub), number_(number) {}

  void done(std::unique_ptr<ask_op>, ask_result result) override {
    auto reply =
      decode<messages::share_checked>(std::move(result), messages::failure_code::unavailable);
    if (reply && reply->problem)
      reply = std::move(*reply->problem);
    hub_.on_share(number_, reply);
  }

private:
  live_hub& hub_;
  std::uint64_t number_;
};

void live_hub::follow(live_connection& who, std::optional<std::int64_t> id, const live_topic& topic,
                      std::optional<messages::position> since) {
  live_follow follow;
  follow.number = ++last_follow_;
  follow.who = live_connection::pointer{&who};
  follow.topic = topic;
  follow.id = id;
  follow.since = since;
  ++who.joining;
  follows_.push_back(std::move(follow));
  ask_share(follows_.back());
}

void live_hub::ask_share(live_follow& follow) {
  follow.asking = true;
  const auto number = follow.number;
  const auto to = caf::actor_cast<caf::strong_actor_ptr>(at_.common().ports.factors);
  if (!to) {
    on_share(number,
             messages::failure{
               messages::failure_code::unavailable, "This part is not running.", {}, 5'000});
    return;
  }
  messages::check_share question{follow.topic.athlete_id, follow.who->who().user_id, "live",
                                 follow.who->device()};
  at_.actors().ask(to, caf::make_message(std::move(question)),
                   at_.common().config.limits.ask_timeout,
                   std::make_unique<share_op>(*this, number));
}

void live_hub::on_share(std::uint64_t number,
                        const domain::expected<messages::share_checked, messages::failure>& share) {
  const auto it = std::find_if(follows_.begin(), follows_.end(),
                               [number](const live_follow& f) { return f.number == number; });
  if (it == follows_.end())
    return; // it has left, or no longer wants to follow
  it->asking = false;
  if (it->joined) {
    it->look_at = steady::now() + next_look;
    // What can't be asked now is asked again; until then the last answer holds.
    if (share
        && (!share->allowed || share->share_id != it->share_id || share->scopes != it->scopes)) {
      cut(number);
      return;
    }
    if (share)
      it->until = share->ends_at;
    return;
  }
  const auto who = it->who;
  const auto id = it->id;
  --who->joining;
  const auto refuse = [&](const messages::failure& why) {
    follows_.erase(it);
    who->send_message(error_text(id, kind_of(why.code), why.detail, who->device().trace_id,
                                 why.errors, why.retry_after_ms));
    if (who->wire() == live_wire::event_stream)
      doom(*who, close_code::session_moved);
  };
  if (!share) {
    refuse(share.error());
    return;
  }
  const bool history = contains(share->scopes, "history");
  // One workout may lie long back, so following it shows history.
  if (!share->allowed || (!it->topic.workout_id.is_nil() && !history)) {
    refuse({messages::failure_code::not_found, "There is nothing of this id.", {}, 0});
    return;
  }
  it->joined = true;
  it->share_id = share->share_id;
  it->scopes = share->scopes;
  it->until = share->ends_at;
  it->look_at = steady::now() + first_look;
  it->topic.notes = contains(share->scopes, "notes");
  // What was missed is history, too: without it the stream begins where it is now.
  const auto since = history ? it->since : std::nullopt;
  const auto topic = it->topic;
  join(*who, id, topic, since);
}

void live_hub::cut(std::uint64_t number) {
  const auto it = std::find_if(follows_.begin(), follows_.end(),
                               [number](const live_follow& f) { return f.number == number; });
  if (it == follows_.end())
    return;
  const auto who = it->who;
  const auto topic = it->topic;
  unsubscribe(*who, topic);
  if (who->wire() == live_wire::event_stream) {
    doom(*who, close_code::session_revoked);
    return;
  }
  std::string text;
  domain::json_writer json{text};
  json.begin_object()
    .member("type", "unsubscribed")
    .member("topic", std::string_view{to_string(topic)})
    .member("reason", "share_ended")
    .end_object();
  who->send_message(text);
}

void live_hub::cut_share(const domain::uuid& share_id) {
  std::vector<std::uint64_t> ended;
  for (const auto& follow : follows_)
    if (follow.share_id == share_id)
      ended.push_back(follow.number);
  for (const auto number : ended)
    cut(number);
}

void live_hub::look_after_shares(steady::time_point now, domain::instant wall) {
  std::vector<std::uint64_t> over;
  for (const auto& follow : follows_)
    if (follow.joined && follow.until && *follow.until <= wall)
      over.push_back(follow.number);
  for (const auto number : over)
    cut(number);
  // Asking may be answered at once, and then the list changes.
  std::vector<std::uint64_t> due;
  for (const auto& follow : follows_)
    if (follow.joined && !follow.asking && follow.look_at <= now)
      due.push_back(follow.number);
  for (const auto number : due)
    for (auto& follow : follows_)
      if (follow.number == number) {
        ask_share(follow);
        break;
      }
}

void live_hub::forget_follow(live_connection& who, const live_topic& topic) {
  for (std::size_t i = follows_.size(); i-- > 0;) {
    auto& follow = follows_[i];
    if (follow.who.get() != &who || !same_name(follow.topic, topic))
      continue;
    if (!follow.joined)
      --who.joining;
    follows_.erase(follows_.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

} // namespace spotter::gateway
