#include "actors/accounts/accounts_state.hpp"
#include "actors/accounts/mailed_token.hpp"
#include "actors/accounts/refusals.hpp"
#include "actors/identity/account_rules.hpp"
#include "actors/identity/password_strength.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <utility>

// Passwords set anew: by a mailed link, by the old one, or after a proof of identity.

namespace spotter::actors::accounts {

using messages::failure_code;

namespace {

messages::failure wrong_length() {
  return wrong_field("/password", "invalid_length",
                     "A password has 8 to 256 characters; any characters do.");
}

messages::failure not_processed() {
  return make_failure(failure_code::internal, "The password could not be processed.");
}

/// Not the counter of codes: whoever knows the password must not be able to clear that one with it.
messages::attempt_counter guesses_of(const domain::uuid& user_id) {
  messages::attempt_counter counter;
  counter.key = "current-password/" + domain::to_string(user_id);
  counter.free = 5;
  return counter;
}

} // namespace

void accounts_state::recover_password(const messages::recover_password& request, promise to) {
  if (request.token.size() > longest_mailed_token) {
    refuse(to, wrong_token());
    return;
  }
  auto hash = hash_mailed_token(request.token);
  self_->request(parts_.store, parts_.settings.store_timeout, messages::find_recovery{hash})
    .then(
      [this, request, hash, to](messages::credentials& who) mutable {
        if (who.problem) {
          refuse(to, std::move(*who.problem));
          return;
        }
        if (!who.found) {
          refuse(to, wrong_token());
          return;
        }
        hash_new(request.password, who, to,
                 [this, request, hash, to, email = who.email](std::string password_hash) {
                   messages::use_recovery_token use{hash, std::move(password_hash),
                                                    identity::stored_device(request.device)};
                   self_->request(parts_.store, parts_.settings.store_timeout, std::move(use))
                     .then(
                       [this, to, email](messages::logins_ended& ended) mutable {
                         if (settle(to, ended, wrong_token()))
                           tell_changed(ended.user_id, email); // the letter has proved it
                       },
                       [this, to](const caf::error&) { refuse(to, in_doubt()); });
                 });
      },
      [this, to](const caf::error&) { refuse(to, away()); });
}

void accounts_state::change_password(const messages::change_password& request, promise to) {
  self_
    ->request(parts_.store, parts_.settings.store_timeout,
              messages::load_credentials{request.user_id, request.login_id})
    .then(
      [this, request, to](messages::credentials& who) mutable {
        if (who.problem)
          refuse(to, std::move(*who.problem));
        else if (!who.found)
          refuse(to, make_failure(failure_code::invalid_token, "The login is over."));
        else if (!request.current_password)
          // Not even by a proof of a moment ago: whoever finds a device signed in must not keep the account.
          refuse(to, wrong_field("/current_password", "required", "This field is needed."));
        else
          check_current(request, who, to);
      },
      [this, to](const caf::error&) { refuse(to, away()); });
}

void accounts_state::check_current(const messages::change_password& request,
                                   const messages::credentials& who, promise to) {
  if (!parts_.limits) {
    compare_current(request, who, to);
    return;
  }
  messages::count_attempts question;
  question.counters.push_back(guesses_of(request.user_id));
  self_->request(parts_.limits, parts_.settings.store_timeout, std::move(question))
    .then(
      [this, request, who, to](const messages::attempts_counted& counted) {
        for (const auto& state : counted.states)
          if (!state.allowed) {
            refuse(to, make_failure(failure_code::too_many_requests,
                                    "Too many wrong passwords or codes. Wait a while.",
                                    std::max(state.wait_ms, 1)));
            return;
          }
        compare_current(request, who, to);
      },
      // As with codes: whoever can't count lets through, and the address still has its limit.
      [this, request, who, to](const caf::error&) { compare_current(request, who, to); });
}

void accounts_state::compare_current(const messages::change_password& request,
                                     const messages::credentials& who, promise to) {
  messages::check_password check{*request.current_password, who.password_hash};
  self_->request(parts_.passwords, caf::infinite, std::move(check))
    .then(
      [this, request, who, to](messages::password_checked& checked) mutable {
        if (checked.problem)
          refuse(to, std::move(*checked.problem));
        else if (!checked.matches)
          refuse(to, wrong_field("/current_password", "wrong_password",
                                 "This is not the current password."));
        else
          set_password(request, who, to);
        if (parts_.limits && checked.matches)
          caf::anon_send(parts_.limits,
                         messages::forgive_attempts{guesses_of(request.user_id).key, 0});
      },
      [this, to](const caf::error&) { refuse(to, not_processed()); });
}

void accounts_state::set_password(const messages::change_password& request,
                                  const messages::credentials& who, promise to) {
  hash_new(request.password, who, to, [this, request, who, to](std::string new_hash) {
    messages::set_password set{request.user_id, request.login_id, who.password_hash,
                               std::move(new_hash), identity::stored_device(request.device)};
    self_->request(parts_.store, parts_.settings.store_timeout, std::move(set))
      .then(
        [this, to](messages::logins_ended& ended) mutable {
          settle(to, ended,
                 make_failure(failure_code::conflict, "The password was changed meanwhile."));
        },
        [this, to](const caf::error&) { refuse(to, in_doubt()); });
  });
}

void accounts_state::hash_new(const std::string& password, const messages::credentials& who,
                              promise to, std::function<void(std::string)> then) {
  if (!identity::is_password_length(password)) {
    refuse(to, wrong_length());
    return;
  }
  messages::hash_password hash{password, true, identity::own_words(who.email, who.display_name)};
  self_->request(parts_.passwords, caf::infinite, std::move(hash))
    .then(
      [this, to, then = std::move(then)](messages::password_hashed& hashed) mutable {
        if (hashed.problem)
          refuse(to, std::move(*hashed.problem));
        else
          then(std::move(hashed.hash));
      },
      [this, to](const caf::error&) { refuse(to, not_processed()); });
}

} // namespace spotter::actors::accounts
