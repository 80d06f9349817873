#include "actors/identity/account_rules.hpp"
#include "actors/identity/identity_state.hpp"

#include <caf/send.hpp>

#include <utility>

// From an address and a password, and a code where there is a second factor, to a login. Who knows
// neither learns nothing of which accounts there are.

namespace spotter::actors::identity {

using messages::failure_code;

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
            ask_for_code(account, device, who);
          } else {
            open_login(account.who, device, {{}, account.credentials}, who);
          }
        },
        [this, who](const caf::error&) {
          refuse(failure_code::internal, "The password could not be processed.", who);
        });
  };
  self_
    ->request(parts_.store, parts_.settings.store_timeout,
              messages::find_account{normal_email(request.email)})
    .then(std::move(check),
          [this, who](const caf::error&) { refuse(failure_code::unavailable, away_text, who); });
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

void identity_state::ask_for_code(const messages::account_image& account,
                                  const messages::device_info& device, asker who) {
  if (!parts_.factors) {
    refuse(failure_code::unavailable, away_text, who);
    return;
  }
  self_
    ->request(parts_.factors, parts_.settings.store_timeout,
              messages::begin_challenge{account.who.user_id, device, account.credentials})
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
      [this, who](const caf::error&) { refuse(failure_code::unavailable, away_text, who); });
}

void identity_state::finish_log_in(const messages::finish_log_in& request, asker who) {
  if (!parts_.factors) {
    refuse(failure_code::unavailable, away_text, who);
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
          open_login(answered.who, device, {answered.challenge, 0}, who);
      },
      [this, who](const caf::error&) { refuse(failure_code::unavailable, away_text, who); });
}

void identity_state::open_login(const messages::profile& profile,
                                const messages::device_info& device, proof by, asker who) {
  auto login = make_login(profile.user_id);
  messages::add_login request;
  request.user_id = profile.user_id;
  request.login_id = login.login_id;
  request.family_salt = login.family_salt;
  request.refresh_hash = hash_refresh_token(login.token);
  request.login_expires = login.expires_at;
  request.device = device;
  request.challenge = std::move(by.challenge);
  request.credentials = by.credentials;
  self_->request(parts_.store, parts_.settings.store_timeout, std::move(request))
    .then(
      [this, profile, login, who](messages::identity_stored& stored) {
        if (stored.problem)
          refuse(std::move(*stored.problem), who);
        else if (!stored.applied) // erased, or another password, since this one was checked
          refuse(failure_code::invalid_credentials, "The address or the password is wrong.", who);
        else
          grant(profile, {login.login_id, login.token, login.expires_at, stored.second_factor},
                who);
      },
      [this, who](const caf::error&) { refuse(failure_code::unavailable, away_text, who); });
}

} // namespace spotter::actors::identity
