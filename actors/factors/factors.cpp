#include "actors/factors/factors.hpp"

#include "actors/factors/factor_failures.hpp"
#include "actors/factors/factors_state.hpp"
#include "actors/factors/opaque_token.hpp"

#include <caf/stateful_actor.hpp>
#include <spdlog/spdlog.h>

#include <utility>

namespace spotter::actors::factors {

using messages::failure_code;

namespace {

template <class... Ts>
struct overloaded : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
overloaded(Ts...) -> overloaded<Ts...>;

// A hook is another part's code: what it throws must not cost the answer.
template <class Hook, class... Args>
void call(const Hook& hook, const Args&... args) noexcept {
  try {
    if (hook)
      hook(args...);
  } catch (const std::exception& e) {
    spdlog::error("a listener for ended logins failed: {}", e.what());
  }
}

} // namespace

factors_state::factors_state(messages::factors_actor::pointer self, parts parts)
  : self_(self), parts_(std::move(parts)) {}

messages::factors_actor::behavior_type factors_state::make_behavior() {
  return {
    [this](messages::factor_request& request) {
      auto to = self_->make_response_promise<messages::read_reply>();
      if (in_flight_ >= parts_.settings.max_in_flight) {
        to.deliver(messages::read_reply{busy()});
        return to;
      }
      ++in_flight_;
      serve(std::move(request), to);
      return to;
    },
    [this](const messages::check_api_key& request) { return check_key(request); },
    [this](messages::check_share& request) {
      auto to = self_->make_response_promise<messages::share_checked>();
      self_->request(parts_.store, parts_.settings.store_timeout, std::move(request))
        .then([to](messages::share_checked& checked) mutable { to.deliver(std::move(checked)); },
              [to](const caf::error&) mutable {
                messages::share_checked checked;
                checked.problem = unreachable();
                to.deliver(std::move(checked));
              });
      return to;
    },
    [this](const messages::begin_challenge& request) { return begin_challenge(request); },
    [this](messages::answer_challenge& request) { return answer_challenge(std::move(request)); },
  };
}

void factors_state::serve(messages::factor_request request, reply_to to) {
  asker who{request.user_id, request.login_id, std::move(request.device), std::move(to)};
  std::visit(
    overloaded{
      [&](messages::begin_totp&) { begin(std::move(who)); },
      [&](messages::confirm_totp& what) { confirm(std::move(who), std::move(what.code)); },
      [&](messages::remove_totp&) { remove(std::move(who)); },
      [&](messages::renew_recovery_codes&) { renew_codes(std::move(who)); },
      [&](messages::reauthenticate& what) { reauthenticate(std::move(who), std::move(what)); },
      [&](messages::create_api_key& what) { create_key(std::move(who), std::move(what)); },
      [&](messages::offer_share& what) {
        if (!what.share_id)
          what.share_id = domain::make_uuid_v7();
        pass_on(std::move(who), std::move(what));
      },
      [&](auto& what) { pass_on(std::move(who), std::move(what)); },
    },
    request.action);
}

void factors_state::pass_on(asker who, messages::factor_change what) {
  store(who, std::move(what), [this, who](messages::factor_stored& stored) {
    tell_ended(who.user_id, stored.ended, false);
    answer(who, std::move(stored.body), stored.version, stored.repeated);
  });
}

void factors_state::create_key(asker who, messages::create_api_key request) {
  const auto token = make_token(api_key_prefix, who.user_id);
  messages::put_api_key key;
  key.api_key_id = request.api_key_id.value_or(domain::make_uuid_v7());
  key.name = std::move(request.name);
  key.scopes = std::move(request.scopes);
  key.key_hash = read_token(api_key_prefix, token)->hash;
  key.expires_at = request.expires_at;
  store(who, std::move(key), [this, who, token](messages::factor_stored& stored) {
    auto body = std::move(stored.body);
    if (stored.repeated) { // what was just made up is nobody's
      answer(who, std::move(body), 0, true);
      return;
    }
    // The one time that it is shown. It needs no escapes.
    body.pop_back();
    body += R"(, "token": ")" + token + "\"}";
    answer(who, std::move(body));
  });
}

caf::typed_response_promise<messages::api_key_checked> factors_state::check_key(
  const messages::check_api_key& request) {
  auto to = self_->make_response_promise<messages::api_key_checked>();
  const auto claim = read_token(api_key_prefix, request.token);
  if (!claim) {
    to.deliver(messages::api_key_checked{});
    return to;
  }
  self_
    ->request(parts_.store, parts_.settings.store_timeout,
              messages::find_api_key{claim->user_id, claim->hash, request.device})
    .then([to](messages::api_key_checked& checked) mutable { to.deliver(std::move(checked)); },
          [to](const caf::error&) mutable {
            messages::api_key_checked checked;
            checked.problem = unreachable();
            to.deliver(std::move(checked));
          });
  return to;
}

void factors_state::load(const asker& who, on_image then) {
  self_
    ->request(parts_.store, parts_.settings.store_timeout,
              messages::load_factors{who.user_id, who.login_id})
    .then(
      [this, who, then = std::move(then)](messages::factor_image& image) {
        if (image.found)
          then(image);
        else
          refuse(who, {failure_code::invalid_token, "The login is over. Sign in again.", {}, 0});
      },
      [this, who](const caf::error&) { refuse(who, unreachable()); });
}

void factors_state::store(const asker& who, messages::factor_change what, on_stored then) {
  messages::store_factor request{who.user_id, who.login_id, who.device, std::move(what)};
  self_->request(parts_.store, parts_.settings.store_timeout, std::move(request))
    .then(
      [this, who, then = std::move(then)](messages::factor_stored& stored) {
        if (stored.problem)
          refuse(who, std::move(*stored.problem));
        else
          then(stored);
      },
      [this, who](const caf::error&) {
        refuse(who, {failure_code::outcome_unknown,
                     "The answer was lost. Look whether it happened before you repeat it.",
                     {},
                     500});
      });
}

void factors_state::answer(const asker& who, std::string body, std::int64_t version,
                           bool replayed) {
  --in_flight_;
  auto to = who.to;
  to.deliver(messages::read_reply{
    messages::rendered{version, messages::shared_text{std::move(body)}, replayed}});
}

void factors_state::refuse(const asker& who, messages::failure why) {
  --in_flight_;
  auto to = who.to;
  to.deliver(messages::read_reply{std::move(why)});
}

void factors_state::tell_ended(const domain::uuid& user_id, const std::vector<domain::uuid>& ended,
                               bool announce) {
  for (const auto& id : ended) {
    call(parts_.hooks.on_revoked, messages::login_revoked{user_id, id});
    if (announce)
      call(parts_.hooks.announce, user_id, messages::announce_revocation{id});
  }
}

void factors_state::note(const char* kind, const domain::uuid& user_id,
                         const messages::device_info& device) {
  messages::note_security_event event;
  event.kind = kind;
  event.user_id = user_id;
  event.device = device;
  self_->request(parts_.events, parts_.settings.store_timeout, std::move(event))
    .then(
      [kind](const messages::identity_stored& stored) {
        if (stored.problem)
          spdlog::error("a security event could not be kept: {}", kind);
      },
      [kind](const caf::error&) { spdlog::error("a security event could not be kept: {}", kind); });
}

messages::factors_actor spawn(caf::actor_system& system, parts parts) {
  return system.spawn<messages::factors_actor::stateful_impl<factors_state>>(std::move(parts));
}

} // namespace spotter::actors::factors
