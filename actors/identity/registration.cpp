#include "actors/identity/account_rules.hpp"
#include "actors/identity/identity_state.hpp"
#include "actors/identity/password_strength.hpp"

#include <utility>

// New accounts.

namespace spotter::actors::identity {

using messages::failure_code;

void identity_state::register_account(const messages::register_account& request, asker who) {
  if (auto errors = check_account(request); !errors.empty()) {
    refuse({failure_code::invalid_content, "The account cannot be made like this.",
            std::move(errors), 0},
           std::move(who));
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

} // namespace spotter::actors::identity
