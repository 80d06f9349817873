#include "actors/accounts/accounts.hpp"

#include "actors/accounts/accounts_state.hpp"
#include "actors/accounts/refusals.hpp"
#include "actors/identity/account_rules.hpp"

#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>

#include <spdlog/spdlog.h>

#include <utility>

namespace spotter::actors::accounts {

using messages::failure_code;

namespace {

constexpr std::int32_t hour_ms = 3'600'000;

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
      if (++ticks_ % parts_.settings.ticks_per_look == 0 || wishes_)
        sort_requests();
      self_->delayed_send(self_, parts_.settings.sort_every, caf::tick_atom_v);
    },
    run(&accounts_state::end_access),
  };
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

void accounts_state::end_access(const messages::end_access& request, promise to) {
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
  if (ended.outcome == "forbidden") {
    refuse(to, make_failure(failure_code::forbidden, "This needs the role `admin`."));
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

messages::accounts_actor spawn_accounts(caf::actor_system& system, accounts_parts parts) {
  return caf::actor_cast<messages::accounts_actor>(
    system.spawn<accounts_state::actor::stateful_impl<accounts_state>>(std::move(parts)));
}

} // namespace spotter::actors::accounts
