#include "actors/accounts/accounts.hpp"

#include "actors/accounts/accounts_state.hpp"
#include "actors/accounts/mailed_token.hpp"
#include "actors/identity/account_rules.hpp"
#include "actors/identity/password_strength.hpp"

#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace spotter::actors::accounts {

using messages::failure_code;

namespace {

constexpr std::size_t longest_token = 64;
constexpr std::int32_t hour_ms = 3'600'000;

messages::failure make_failure(failure_code code, std::string detail,
                               std::int32_t retry_after_ms = 0) {
  return {code, std::move(detail), {}, retry_after_ms};
}

messages::failure wrong_field(std::string pointer, std::string code, std::string detail) {
  messages::failure out = make_failure(failure_code::invalid_content, detail);
  out.errors.push_back({std::move(pointer), std::move(code), std::move(detail)});
  return out;
}

messages::failure wrong_token() {
  return wrong_field("/token", "invalid_token",
                     "The token is wrong, was used or has expired. Ask for another mail.");
}

messages::failure wrong_length() {
  return wrong_field("/password", "invalid_length",
                     "A password has 8 to 256 characters; any characters do.");
}

messages::failure reauthenticate() {
  return make_failure(
    failure_code::reauthentication_required,
    "Prove who you are with POST /v1/me/reauth first, then repeat this within ten "
    "minutes.");
}

messages::failure away() {
  return make_failure(failure_code::unavailable,
                      "Accounts cannot be reached at the moment; nothing was changed. Try again "
                      "shortly.",
                      1'000);
}

messages::failure in_doubt() {
  return make_failure(failure_code::outcome_unknown,
                      "The change may have been made or not. Look, then try again.", 1'000);
}

messages::failure busy() {
  return make_failure(failure_code::overloaded, "Too much is under way. Try again shortly.", 1'000);
}

/// Not the counter of codes: whoever knows the password must not be able to clear that one with it.
messages::attempt_counter guesses_of(const domain::uuid& user_id) {
  messages::attempt_counter counter;
  counter.key = "current-password/" + domain::to_string(user_id);
  counter.free = 5;
  return counter;
}

} // namespace

accounts_state::accounts_state(actor::pointer self, accounts_parts parts)
  : self_(self), parts_(std::move(parts)) {}

accounts_state::actor::behavior_type accounts_state::make_behavior() {
  self_->delayed_send(self_, parts_.settings.sort_every, caf::tick_atom_v);
  const auto run = [this]<class Request>(void (accounts_state::*what)(const Request&, promise)) {
    return [this, what](const Request& request) {
      auto to = self_->make_response_promise<messages::command_reply>();
      if (in_flight_ >= parts_.settings.max_in_flight) {
        to.deliver(messages::command_reply{busy()});
      } else {
        ++in_flight_;
        (this->*what)(request, to);
      }
      return to;
    };
  };
  return {
    run(&accounts_state::ask_for_mail),
    run(&accounts_state::verify_address),
    run(&accounts_state::recover_password),
    run(&accounts_state::change_password),
    run(&accounts_state::change_address),
    [this](const messages::get_logins& request) {
      auto to = self_->make_response_promise<messages::logins_page>();
      self_->request(parts_.store, parts_.settings.store_timeout, request)
        .then([to](messages::logins_page& page) mutable { to.deliver(std::move(page)); },
              [to](const caf::error&) mutable {
                to.deliver(messages::logins_page{{}, away()});
              });
      return to;
    },
    run(&accounts_state::end_login),
    run(&accounts_state::erase_account),
    [this](const messages::export_account& request) {
      auto to = self_->make_response_promise<messages::export_reply>();
      export_account(request, to);
      return to;
    },
    [this](caf::tick_atom) {
      sort_requests();
      self_->delayed_send(self_, parts_.settings.sort_every, caf::tick_atom_v);
    },
  };
}

void accounts_state::ask_for_mail(const messages::ask_for_mail& request, promise to) {
  auto wish = request;
  wish.email = identity::normal_email(request.email);
  wish.device = identity::stored_device(request.device);
  // Nobody can have it, so there is nothing to hide.
  if (!identity::is_email(wish.email)) {
    done(to);
    return;
  }
  self_->request(parts_.store, parts_.settings.store_timeout, std::move(wish))
    .then(
      [this, to](messages::identity_stored& stored) mutable {
        if (stored.problem) {
          refuse(to, std::move(*stored.problem));
          return;
        }
        done(to);
        sort_requests();
      },
      [this, to](const caf::error&) { refuse(to, away()); });
}

void accounts_state::sort_requests() {
  if (sorting_) {
    sort_again_ = true;
    return;
  }
  constexpr std::int32_t most = 100;
  sorting_ = true;
  sort_again_ = false;
  self_->request(parts_.store, parts_.settings.store_timeout, messages::sort_mail_requests{most})
    .then(
      [this](const messages::mail_requests_sorted& sorted) {
        sorting_ = false;
        if (sorted.queued > 0)
          wake_jobs();
        if (sort_again_)
          sort_requests();
      },
      [this](const caf::error& why) {
        sorting_ = false;
        spdlog::warn("wishes for mails are not sorted yet: {}", to_string(why));
      });
}

void accounts_state::verify_address(const messages::verify_address& request, promise to) {
  if (request.token.size() > longest_token) {
    refuse(to, wrong_token());
    return;
  }
  messages::use_address_token use{hash_mailed_token(request.token),
                                  identity::stored_device(request.device)};
  self_->request(parts_.store, parts_.settings.store_timeout, std::move(use))
    .then(
      [this, to](messages::address_verified& verified) mutable {
        if (verified.problem) {
          refuse(to, std::move(*verified.problem));
        } else if (verified.outcome == "taken") {
          refuse(to, make_failure(failure_code::email_taken,
                                  "Meanwhile somebody else has an account with this address."));
        } else if (verified.outcome != "ok") {
          refuse(to, wrong_token());
        } else {
          tell_changed(verified.user_id, verified.email);
          wake_jobs();
          done(to);
        }
      },
      [this, to](const caf::error&) { refuse(to, in_doubt()); });
}

void accounts_state::recover_password(const messages::recover_password& request, promise to) {
  if (request.token.size() > longest_token) {
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
        else if (request.current_password)
          check_current(request, who, to);
        else if (!who.recent)
          refuse(to, reauthenticate());
        else
          set_password(request, who, to);
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
      [this, to](const caf::error&) {
        refuse(to, make_failure(failure_code::internal, "The password could not be processed."));
      });
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
      [this, to](const caf::error&) {
        refuse(to, make_failure(failure_code::internal, "The password could not be processed."));
      });
}

void accounts_state::change_address(const messages::change_address& request, promise to) {
  auto wish = request;
  wish.email = identity::normal_email(request.email);
  wish.device = identity::stored_device(request.device);
  if (!identity::is_email(wish.email)) {
    refuse(to, wrong_field("/email", "invalid_email", "This is not an e-mail address."));
    return;
  }
  ask_store(std::move(wish), to, not_found());
}

void accounts_state::end_login(const messages::end_login& request, promise to) {
  auto wish = request;
  wish.device = identity::stored_device(request.device);
  ask_store(std::move(wish), to, not_found());
}

void accounts_state::erase_account(const messages::erase_account& request, promise to) {
  auto wish = request;
  wish.device = identity::stored_device(request.device);
  self_->request(parts_.store, parts_.settings.store_timeout, std::move(wish))
    .then(
      [this, to, user_id = request.user_id](messages::logins_ended& ended) mutable {
        // The story of one who leaves gets no further events.
        ended.user_id = user_id;
        settle(to, ended, not_found(), false);
      },
      [this, to](const caf::error&) { refuse(to, in_doubt()); });
}

template <class Request>
void accounts_state::ask_store(Request wish, promise to, messages::failure unknown) {
  const auto user_id = wish.user_id;
  self_->request(parts_.store, parts_.settings.store_timeout, std::move(wish))
    .then(
      [this, to, user_id, unknown](messages::logins_ended& ended) mutable {
        ended.user_id = user_id;
        settle(to, ended, std::move(unknown));
      },
      [this, to](const caf::error&) { refuse(to, in_doubt()); });
}

void accounts_state::export_account(const messages::export_account& request,
                                    caf::typed_response_promise<messages::export_reply> to) {
  auto fail = [to](messages::failure why) mutable {
    to.deliver(messages::export_reply{{}, std::move(why)});
  };
  if (exports_ >= parts_.settings.most_exports) {
    fail(busy());
    return;
  }
  ++exports_;
  auto end = [this, fail](messages::failure why) mutable {
    --exports_;
    fail(std::move(why));
  };
  messages::begin_export ask{request.user_id, request.login_id,
                             identity::stored_device(request.device)};
  self_->request(parts_.store, parts_.settings.store_timeout, std::move(ask))
    .then(
      [this, to, end, user_id = request.user_id](messages::export_allowed& allowed) mutable {
        if (allowed.problem)
          end(std::move(*allowed.problem));
        else if (allowed.outcome == "too_many")
          end(make_failure(failure_code::too_many_requests, "Exports are limited to five an hour.",
                           allowed.wait_s * 1'000));
        else if (allowed.outcome != "ok")
          end(reauthenticate());
        else
          self_
            ->request(parts_.exporter, parts_.settings.export_timeout,
                      messages::build_export{user_id})
            .then(
              [this, to](messages::export_reply& reply) mutable {
                --exports_;
                to.deliver(std::move(reply));
              },
              [end](const caf::error&) mutable { end(away()); });
      },
      [end](const caf::error&) mutable { end(away()); });
}

bool accounts_state::settle(promise& to, messages::logins_ended& ended, messages::failure unknown,
                            bool announce) {
  if (ended.problem) {
    refuse(to, std::move(*ended.problem));
    return false;
  }
  if (ended.outcome == "reauthenticate") {
    refuse(to, reauthenticate());
    return false;
  }
  if (ended.outcome == "too_many") {
    refuse(to, make_failure(failure_code::too_many_requests,
                            "Too many mails within an hour. Try again later.", hour_ms));
    return false;
  }
  if (ended.outcome != "ok") {
    refuse(to, std::move(unknown));
    return false;
  }
  for (const auto& login : ended.logins)
    tell_ended(ended.user_id, login, announce);
  wake_jobs();
  done(to);
  return true;
}

void accounts_state::tell_ended(const domain::uuid& user_id, const domain::uuid& login_id,
                                bool announce) {
  try {
    if (parts_.hooks.on_revoked)
      parts_.hooks.on_revoked({user_id, login_id});
    if (announce && parts_.hooks.announce)
      parts_.hooks.announce(user_id, messages::announce_revocation{login_id});
  } catch (const std::exception& e) {
    spdlog::error("a listener for ended logins failed: {}", e.what());
  }
}

// The database has it; this is for the session, whose profile would be the old one, and for screens.
void accounts_state::tell_changed(const domain::uuid& user_id, const std::string& email) {
  if (!parts_.shards)
    return;
  messages::command what;
  what.user_id = user_id;
  what.body = messages::account_changed{email, true};
  ask_session(self_, parts_.shards, parts_.settings.patience, std::move(what),
              [](const messages::command_reply& reply) {
                if (const auto* why = std::get_if<messages::failure>(&reply.result))
                  spdlog::warn("a session was not told of a proved address: {}", why->detail);
              });
}

void accounts_state::wake_jobs() {
  if (parts_.jobs_queued)
    parts_.jobs_queued();
}

void accounts_state::done(promise& to) {
  --in_flight_;
  to.deliver(messages::command_reply{messages::outcome{}});
}

void accounts_state::refuse(promise to, messages::failure why) {
  --in_flight_;
  to.deliver(messages::command_reply{std::move(why)});
}

messages::failure accounts_state::not_found() {
  return make_failure(failure_code::not_found, "There is nothing of this id.");
}

messages::accounts_actor spawn_accounts(caf::actor_system& system, accounts_parts parts) {
  return caf::actor_cast<messages::accounts_actor>(
    system.spawn<accounts_state::actor::stateful_impl<accounts_state>>(std::move(parts)));
}

} // namespace spotter::actors::accounts
