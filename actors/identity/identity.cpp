#include "actors/identity/identity.hpp"

#include "actors/identity/access_token.hpp"
#include "actors/identity/account_rules.hpp"
#include "actors/identity/identity_state.hpp"
#include "actors/identity/password.hpp"
#include "actors/identity/password_pool.hpp"
#include "actors/identity/password_strength.hpp"
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

constexpr const char* unavailable_text =
  "Accounts cannot be reached at the moment; nothing was changed. Try again shortly.";

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

void identity_state::register_account(const messages::register_account& request, asker who) {
  if (auto errors = check_account(request); !errors.empty()) {
    auto why = make_failure(failure_code::invalid_content, "The account cannot be made like this.");
    why.errors = std::move(errors);
    refuse(std::move(why), std::move(who));
    return;
  }
  const auto now = parts_.settings.clock();
  messages::add_account account;
  account.who.user_id = domain::make_uuid_v7();
  account.who.email = normal_email(request.email);
  account.who.display_name = request.display_name;
  if (!request.time_zone.empty())
    account.who.time_zone = request.time_zone;
  account.who.created_at = account.who.updated_at = now;
  auto login = make_login(account.who.user_id);
  account.login_id = login.login_id;
  account.refresh_hash = hash_refresh_token(login.token);
  account.family_salt = std::move(login.family_salt);
  account.login_expires = login.expires_at;
  account.device = stored_device(request.device);
  self_
    ->request(parts_.passwords, caf::infinite,
              messages::hash_password{request.password, true,
                                      own_words(account.who.email, account.who.display_name)})
    .then(
      [this, account = std::move(account), token = std::move(login.token),
       who](messages::password_hashed& hashed) mutable {
        if (hashed.problem) {
          refuse(std::move(*hashed.problem), std::move(who));
          return;
        }
        account.password_hash = std::move(hashed.hash);
        store_account(std::move(account), std::move(token), std::move(who));
      },
      [this, who](const caf::error&) {
        refuse(failure_code::internal, "The password could not be processed.", who);
      });
}

void identity_state::store_account(messages::add_account account, std::string token, asker who) {
  self_->request(parts_.store, parts_.settings.store_timeout, account)
    .then(
      [this, account, token = std::move(token), who](messages::identity_stored& stored) mutable {
        if (stored.problem)
          refuse(std::move(*stored.problem), std::move(who));
        else if (!stored.applied)
          refuse(failure_code::email_taken, "An account with this address exists already.",
                 std::move(who));
        else
          grant(account.who, {account.login_id, std::move(token), account.login_expires},
                std::move(who));
      },
      [this, who](const caf::error&) {
        refuse(failure_code::outcome_unknown,
               "The account may have been made or not. Try to sign in; if that fails, register "
               "again.",
               who);
      });
}

// What no account can have is refused by `log_in`, and not worth counting.
void identity_state::enter(const messages::log_in& request, asker who) {
  const auto email = normal_email(request.email);
  if (!is_password_length(request.password) || !is_email(email)) {
    log_in(request, std::move(who));
    return;
  }
  guard_.enter(email, request.device.address,
               [this, request, who](login_guard::attempt_ptr attempt,
                                    std::optional<messages::failure> refusal) mutable {
                 who.attempt = std::move(attempt);
                 if (refusal)
                   refuse(std::move(*refusal), std::move(who));
                 else
                   log_in(request, std::move(who));
               });
}

void identity_state::log_in(const messages::log_in& request, asker who) {
  const auto wrong = "The address or the password is wrong.";
  // What no account can have costs nothing: it tells nothing of which accounts there are.
  if (!is_password_length(request.password) || !is_email(normal_email(request.email))) {
    refuse(failure_code::invalid_credentials, wrong, std::move(who));
    return;
  }
  auto check = [this, wrong, password = request.password, device = stored_device(request.device),
                who](messages::account_image& account) {
    messages::check_password job{password,
                                 account.found ? account.password_hash : parts_.dummy_hash};
    self_->request(parts_.passwords, caf::infinite, std::move(job))
      .then(
        [this, wrong, account, password, device, who](messages::password_checked& checked) {
          if (checked.outdated)
            renew_hash(account, password);
          if (checked.problem)
            refuse(std::move(*checked.problem), who);
          else if (!account.found || !checked.matches) {
            note("sign_in_failed", account.who.user_id, {}, device);
            refuse(failure_code::invalid_credentials, wrong, who);
          } else if (account.second_factor) {
            ask_for_code(account.who, device, who);
          } else {
            open_login(account.who, device, {}, who);
          }
        },
        [this, who](const caf::error&) {
          refuse(failure_code::internal, "The password could not be processed.", who);
        });
  };
  self_
    ->request(parts_.store, parts_.settings.store_timeout,
              messages::find_account{normal_email(request.email)})
    .then(std::move(check), [this, who](const caf::error&) {
      refuse(failure_code::unavailable, unavailable_text, who);
    });
}

// Nobody waits for it, and where it fails the next sign-in tries again.
void identity_state::renew_hash(const messages::account_image& account,
                                const std::string& password) {
  if (!account.found || !parts_.accounts)
    return;
  self_->request(parts_.passwords, caf::infinite, messages::hash_password{password})
    .then(
      [this, account](messages::password_hashed& hashed) {
        if (!hashed.problem)
          caf::anon_send(parts_.accounts,
                         messages::renew_password_hash{account.who.user_id, account.password_hash,
                                                       std::move(hashed.hash)});
      },
      [](const caf::error&) {});
}

void identity_state::ask_for_code(const messages::profile& profile,
                                  const messages::device_info& device, asker who) {
  if (!parts_.factors) {
    refuse(failure_code::unavailable, unavailable_text, who);
    return;
  }
  self_
    ->request(parts_.factors, parts_.settings.store_timeout,
              messages::begin_challenge{profile.user_id, device})
    .then(
      [this, who](messages::challenge_begun& begun) mutable {
        if (begun.problem) {
          refuse(std::move(*begun.problem), who);
          return;
        }
        --in_flight_;
        count(who.kind, "half");
        who.to.deliver(messages::login_reply{messages::mfa_required{std::move(begun.token)}});
      },
      [this, who](const caf::error&) { refuse(failure_code::unavailable, unavailable_text, who); });
}

void identity_state::finish_log_in(const messages::finish_log_in& request, asker who) {
  if (!parts_.factors) {
    refuse(failure_code::unavailable, unavailable_text, who);
    return;
  }
  const auto device = stored_device(request.device);
  self_
    ->request(parts_.factors, parts_.settings.store_timeout,
              messages::answer_challenge{request.mfa_token, request.code, device})
    .then(
      [this, device, who](messages::challenge_answered& answered) {
        if (answered.problem)
          refuse(std::move(*answered.problem), who);
        else
          open_login(answered.who, device, answered.challenge, who);
      },
      [this, who](const caf::error&) { refuse(failure_code::unavailable, unavailable_text, who); });
}

void identity_state::open_login(const messages::profile& profile,
                                const messages::device_info& device, const std::string& challenge,
                                asker who) {
  auto login = make_login(profile.user_id);
  messages::add_login request;
  request.user_id = profile.user_id;
  request.login_id = login.login_id;
  request.family_salt = login.family_salt;
  request.refresh_hash = hash_refresh_token(login.token);
  request.login_expires = login.expires_at;
  request.device = device;
  request.challenge = challenge;
  self_->request(parts_.store, parts_.settings.store_timeout, std::move(request))
    .then(
      [this, profile, login, who](messages::identity_stored& stored) {
        if (stored.problem)
          refuse(std::move(*stored.problem), who);
        else if (!stored.applied) // erased since its password was checked
          refuse(failure_code::invalid_credentials, "The address or the password is wrong.", who);
        else
          grant(profile, {login.login_id, login.token, login.expires_at, stored.second_factor},
                who);
      },
      [this, who](const caf::error&) { refuse(failure_code::unavailable, unavailable_text, who); });
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
    refuse(failure_code::unavailable, unavailable_text, std::move(who));
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
