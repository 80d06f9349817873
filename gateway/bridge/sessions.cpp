#include "gateway/bridge/sessions.hpp"

#include "gateway/bridge/await_ask.hpp"

#include <caf/actor_cast.hpp>

namespace spotter::gateway {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t most_places = 65'536;
constexpr auto place_lasts = 30s;
constexpr int most_tries = 3;

template <class Reply>
bool is_moved(const caf::message& reply) {
  if (!reply.match_elements<Reply>())
    return false;
  const auto* failure = std::get_if<messages::failure>(&reply.get_as<Reply>(0).result);
  return failure && failure->code == messages::failure_code::moved;
}

/// The session itself says that it is going and has done nothing.
bool says_moved(const ask_result& result) {
  return result.end == ask_end::answered
         && (is_moved<messages::command_reply>(result.reply)
             || is_moved<messages::read_reply>(result.reply)
             || is_moved<messages::subscribe_reply>(result.reply));
}

} // namespace

/// One request on its way: finding the session, asking it, and again if it has moved.
class session_ask final : public ask_op {
public:
  session_ask(sessions& owner, const domain::uuid& user, caf::message content,
              std::chrono::milliseconds timeout, std::unique_ptr<ask_op> op)
    : owner_(owner), user_(user), content_(std::move(content)), deadline_(steady::now() + timeout),
      op_(std::move(op)) {}

  void go(std::unique_ptr<ask_op> self) {
    ++tries_;
    if (const auto session = owner_.find(user_)) {
      send(std::move(self), session);
      return;
    }
    finding_ = true;
    owner_.bridge_.ask(caf::actor_cast<caf::strong_actor_ptr>(owner_.shards_(user_)),
                       caf::make_message(messages::get_session{user_}), remaining(),
                       std::move(self));
  }

  void done(std::unique_ptr<ask_op> self, ask_result result) override {
    if (finding_) {
      finding_ = false;
      if (result.end == ask_end::answered
          && result.reply.match_elements<messages::session_found>()) {
        auto& found = result.reply.get_as<messages::session_found>(0);
        if (const auto session = caf::actor_cast<caf::strong_actor_ptr>(found.session)) {
          owner_.remember(user_, session);
          send(std::move(self), session);
          return;
        }
      }
      // Nothing has reached the session yet, whatever went wrong.
      if (result.end == ask_end::answered || result.end == ask_end::lost)
        result = ask_result{ask_end::not_taken, {}};
      finish(std::move(self), std::move(result));
      return;
    }
    if ((result.end == ask_end::not_taken || says_moved(result)) && tries_ < most_tries
        && steady::now() < deadline_) {
      owner_.forget(user_);
      go(std::move(self));
      return;
    }
    if (result.end == ask_end::lost || result.end == ask_end::not_taken)
      owner_.forget(user_);
    finish(std::move(self), std::move(result));
  }

private:
  [[nodiscard]] std::chrono::milliseconds remaining() const {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline_ - steady::now());
    return std::max(left, 1ms);
  }

  void send(std::unique_ptr<ask_op> self, const caf::strong_actor_ptr& session) {
    owner_.bridge_.ask(session, content_, remaining(), std::move(self));
  }

  void finish(std::unique_ptr<ask_op> self, ask_result result) {
    auto op = std::move(op_);
    self.reset();
    auto* waiting = op.get();
    waiting->done(std::move(op), std::move(result));
  }

  sessions& owner_;
  domain::uuid user_;
  caf::message content_;
  steady::time_point deadline_;
  std::unique_ptr<ask_op> op_;
  int tries_ = 0;
  bool finding_ = false;
};

sessions::sessions(bridge& via, shard_directory shards)
  : bridge_(via), shards_(std::move(shards)) {}

void sessions::ask(const domain::uuid& user, caf::message content,
                   std::chrono::milliseconds timeout, std::unique_ptr<ask_op> op) {
  auto request =
    std::make_unique<session_ask>(*this, user, std::move(content), timeout, std::move(op));
  auto* r = request.get();
  r->go(std::move(request));
}

awaitable<ask_result> sessions::ask(domain::uuid user, caf::message content,
                                    std::chrono::milliseconds timeout) {
  return await_ask(
    [this, user, content = std::move(content), timeout](std::unique_ptr<ask_op> op) mutable {
      ask(user, std::move(content), timeout, std::move(op));
    });
}

void sessions::tell(const domain::uuid& user, caf::message content) {
  if (const auto it = places_.find(user); it != places_.end())
    bridge_.tell(it->second.session, std::move(content));
}

caf::strong_actor_ptr sessions::known(const domain::uuid& user) const {
  const auto it = places_.find(user);
  return it == places_.end() ? nullptr : it->second.session;
}

void sessions::forget(const domain::uuid& user) {
  places_.erase(user);
}

void sessions::sweep(steady::time_point now) {
  std::erase_if(places_, [now](const auto& p) { return now - p.second.used > place_lasts; });
}

caf::strong_actor_ptr sessions::find(const domain::uuid& user) {
  const auto it = places_.find(user);
  if (it == places_.end())
    return nullptr;
  it->second.used = steady::now();
  return it->second.session;
}

void sessions::remember(const domain::uuid& user, const caf::strong_actor_ptr& session) {
  if (places_.size() >= most_places)
    places_.erase(places_.begin());
  places_.insert_or_assign(user, place{session, steady::now()});
}

messages::failure to_failure(const ask_result& result, messages::failure_code lost) {
  using messages::failure_code;
  switch (result.end) {
    case ask_end::not_taken:
      return {
        failure_code::moved, "The session is moving. Nothing was changed; try again.", {}, 500};
    case ask_end::deadline:
      return {failure_code::deadline_exceeded,
              "There was no answer in time. If this was to change something, repeat it with the "
              "same id or idempotency key.",
              {},
              0};
    case ask_end::overloaded:
      return {failure_code::overloaded, "Too much is going on. Try again in a moment.", {}, 1'000};
    case ask_end::lost:
    case ask_end::answered:
      break;
  }
  if (lost == failure_code::outcome_unknown)
    return {lost,
            "The answer was lost. Repeat the request with the same id or idempotency key.",
            {},
            500};
  return {lost, "The answer was lost. Try again.", {}, 500};
}

} // namespace spotter::gateway
