#include "actors/identity/identity.hpp"

#include "actors/identity/access_token.hpp"
#include "actors/identity/account_rules.hpp"
#include "actors/identity/identity_state.hpp"
#include "actors/identity/password.hpp"
#include "actors/identity/password_pool.hpp"
#include "domain/base64.hpp"

#include <caf/exit_reason.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/telemetry/metric_registry.hpp>

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace spotter::actors::identity {

using messages::failure_code;

namespace {

constexpr std::int32_t retry_soon_ms = 1'000;

messages::failure make_failure(failure_code code, std::string detail) {
  messages::failure result;
  result.code = code;
  result.detail = std::move(detail);
  if (code == failure_code::overloaded || code == failure_code::unavailable
      || code == failure_code::outcome_unknown)
    result.retry_after_ms = retry_soon_ms;
  return result;
}

messages::failure too_busy() {
  return make_failure(failure_code::overloaded,
                      "Too many sign-ins are under way. Try again shortly.");
}

const char* result_of(failure_code code) {
  switch (code) {
    case failure_code::invalid_content:
    case failure_code::invalid_credentials:
    case failure_code::invalid_token:
    case failure_code::email_taken:
      return "refused";
    case failure_code::too_many_requests:
      return "slowed";
    case failure_code::overloaded:
      return "overloaded";
    default:
      return "failed";
  }
}

// Counters may live in another server, which has no business with people's addresses.
std::string disguised(const signing_key& key, std::string_view email) {
  return domain::to_base64url(key.authenticate("login attempts of " + std::string{email}));
}

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

identity_state::identity_state(messages::identity_actor::pointer self, parts parts)
  : self_(self), parts_(std::move(parts)),
    guard_(self, parts_.settings, parts_.store,
           [this](std::string_view email) { return disguised(parts_.key, email); }) {}

identity_state::~identity_state() {
  caf::anon_send_exit(parts_.passwords, caf::exit_reason::user_shutdown);
}

messages::identity_actor::behavior_type identity_state::make_behavior() {
  auto asked = [this](const char* kind) {
    return asker{kind, self_->make_response_promise<messages::login_reply>()};
  };
  return {
    [this, asked](const messages::register_account& request) {
      auto who = asked("register");
      if (admit())
        register_account(request, who);
      else
        who.to.deliver(messages::login_reply{too_busy()});
      return who.to;
    },
    [this, asked](const messages::log_in& request) {
      auto who = asked("login");
      if (admit())
        enter(request, who);
      else
        who.to.deliver(messages::login_reply{too_busy()});
      return who.to;
    },
    [this, asked](const messages::refresh_login& request) {
      auto who = asked("refresh");
      if (admit())
        renew(request, who);
      else
        who.to.deliver(messages::login_reply{too_busy()});
      return who.to;
    },
    [this, asked](const messages::finish_log_in& request) {
      auto who = asked("second_factor");
      if (admit())
        finish_log_in(request, who);
      else
        who.to.deliver(messages::login_reply{too_busy()});
      return who.to;
    },
    [this](const messages::log_out& request) {
      auto to = self_->make_response_promise<messages::command_reply>();
      if (admit())
        log_out(request, to);
      else
        to.deliver(messages::command_reply{too_busy()});
      return to;
    },
  };
}

void identity_state::log_out(const messages::log_out& request,
                             caf::typed_response_promise<messages::command_reply> to) {
  self_
    ->request(parts_.store, parts_.settings.store_timeout,
              messages::revoke_login{request.user_id, request.login_id, "logout",
                                     stored_device(request.device)})
    .then(
      [this, request, to](messages::identity_stored& stored) mutable {
        --in_flight_;
        if (stored.problem) {
          count("logout", result_of(stored.problem->code));
          to.deliver(messages::command_reply{std::move(*stored.problem)});
          return;
        }
        if (stored.applied)
          tell_revoked(request.user_id, request.login_id);
        count("logout", "granted"); // ended before is ended as well
        to.deliver(messages::command_reply{messages::outcome{}});
      },
      [this, to](const caf::error&) mutable {
        --in_flight_;
        count("logout", "failed");
        to.deliver(messages::command_reply{make_failure(
          failure_code::outcome_unknown, "The login may not have ended yet. Try again.")});
      });
}

identity_state::new_login identity_state::make_login(const domain::uuid& user_id) const {
  new_login login;
  login.login_id = domain::make_uuid_v7();
  login.family_salt = make_family_salt();
  login.token = make_refresh_token(parts_.key, user_id, login.login_id, 1, login.family_salt);
  login.expires_at = parts_.settings.clock() + parts_.settings.logins.absolute_lifetime;
  return login;
}

void identity_state::note(const char* kind, const domain::uuid& user_id,
                          const domain::uuid& actor_id, const messages::device_info& device) {
  messages::note_security_event event;
  event.kind = kind;
  event.user_id = user_id;
  event.actor_id = actor_id;
  event.device = device;
  // Nobody waits for it: known and unknown accounts are answered after the same time.
  self_->request(parts_.store, parts_.settings.store_timeout, std::move(event))
    .then(
      [this, kind](const messages::identity_stored& stored) {
        if (stored.problem)
          lost_event(kind);
      },
      [this, kind](const caf::error&) { lost_event(kind); });
}

void identity_state::lost_event(const char* kind) {
  spdlog::error("a security event could not be kept: {}", kind);
  self_->system()
    .metrics()
    .counter_singleton("spotter", "security_events_lost",
                       "Security events that the database did not take.", "1", true)
    ->inc();
}

bool identity_state::admit() {
  if (in_flight_ >= parts_.settings.max_in_flight)
    return false;
  ++in_flight_;
  return true;
}

void identity_state::grant(const messages::profile& profile, grant_of login, asker who) {
  const auto ring = parts_.signers ? parts_.signers->get() : nullptr;
  const auto* signer =
    parts_.signers ? ring->current(std::chrono::steady_clock::now()) : &parts_.key;
  if (!signer) {
    refuse(failure_code::unavailable, away_text, std::move(who));
    return;
  }
  const auto now = parts_.settings.clock();
  // No access token outlives its login.
  const auto expires =
    std::min<domain::instant>(now + parts_.settings.logins.access_lifetime, login.expires_at);
  messages::login_granted granted;
  granted.who = profile;
  granted.login_id = login.login_id;
  granted.access_token = make_access_token(
    *signer, {profile.user_id, login.login_id, profile.role, now, expires, login.second_factor});
  granted.expires_in_s = static_cast<std::int32_t>((expires - now) / std::chrono::seconds{1});
  granted.refresh_token = std::move(login.token);
  --in_flight_;
  count(who.kind, "granted");
  if (who.attempt)
    who.attempt->succeeded();
  who.to.deliver(messages::login_reply{std::move(granted)});
}

void identity_state::refuse(messages::failure why, asker who) {
  --in_flight_;
  count(who.kind, result_of(why.code));
  if (who.attempt && why.code == failure_code::invalid_credentials)
    who.attempt->failed();
  who.to.deliver(messages::login_reply{std::move(why)});
}

void identity_state::refuse(failure_code code, std::string detail, asker who) {
  refuse(make_failure(code, std::move(detail)), std::move(who));
}

void identity_state::count(const char* kind, const char* result) {
  self_->system()
    .metrics()
    .counter_instance("spotter", "logins", {{"kind", kind}, {"result", result}},
                      "Requests of the identity actor, by how they ended.", "1", true)
    ->inc();
}

void identity_state::tell_revoked(const domain::uuid& user_id, const domain::uuid& login_id) {
  call(parts_.hooks.on_revoked, messages::login_revoked{user_id, login_id});
  call(parts_.hooks.announce, user_id, messages::announce_revocation{login_id});
}

messages::identity_actor spawn(caf::actor_system& system, const settings& settings,
                               const messages::identity_store_actor& store, const hooks& hooks) {
  return spawn(system, parts{settings, load_or_create_key(settings.key_file),
                             spawn_password_pool(system, settings.passwords),
                             make_dummy_hash(settings.passwords.cost), store, hooks});
}

messages::identity_actor spawn(caf::actor_system& system, parts parts) {
  return system.spawn<messages::identity_actor::stateful_impl<identity_state>>(std::move(parts));
}

} // namespace spotter::actors::identity
