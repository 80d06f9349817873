#include "actors/identity/identity_state.hpp"

#include "actors/identity/account_rules.hpp"

#include <spdlog/spdlog.h>

#include <utility>

// Renewing a login. Two who present the same token at once get the same successor, whoever of them
// moves the family on: that is how a client whose answer was lost comes back. Later than the grace
// allows, a spent token means that somebody has a copy, and nobody can tell who: the family ends.

namespace spotter::actors::identity {

using messages::failure_code;

namespace {

constexpr int most_attempts = 3;
constexpr const char* invalid_text = "The refresh token is not valid any more. Sign in again.";
constexpr const char* unavailable_text =
  "Logins cannot be reached at the moment; the token stays valid. Try again shortly.";

} // namespace

void identity_state::renew(const messages::refresh_login& request, asker who) {
  auto claim = parse_refresh_token(request.refresh_token);
  if (!claim) {
    refuse(failure_code::invalid_token, invalid_text, std::move(who));
    return;
  }
  load({std::move(*claim), request.refresh_token, request.device, most_attempts}, std::move(who));
}

void identity_state::load(renewal what, asker who) {
  const messages::load_login query{what.claim.user_id, what.claim.login_id};
  self_->request(parts_.store, parts_.settings.store_timeout, query)
    .then(
      [this, what = std::move(what), who](const messages::login_image& login) mutable {
        judge(std::move(what), login, std::move(who));
      },
      [this, who](const caf::error&) { refuse(failure_code::unavailable, unavailable_text, who); });
}

// All times are the database's, so that no clock but one decides.
void identity_state::judge(renewal what, const messages::login_image& login, asker who) {
  const auto& claim = what.claim;
  const auto& limits = parts_.settings.logins;
  const auto since_rotation = login.read_at - login.rotated_at;
  if (!login.found || !is_sealed(parts_.key, claim, login.family_salt) || login.revoked
      || login.read_at >= login.expires_at || since_rotation >= limits.idle_lifetime) {
    refuse(failure_code::invalid_token, invalid_text, std::move(who));
    return;
  }
  const auto current = static_cast<std::uint32_t>(login.generation);
  if (claim.generation == current) {
    if (equal_secrets(hash_refresh_token(what.token), login.refresh_hash))
      rotate(std::move(what), login, std::move(who));
    else
      refuse(failure_code::invalid_token, invalid_text, std::move(who));
    return;
  }
  // From a future that the store has lost, as after a restored backup.
  if (claim.generation > current) {
    refuse(failure_code::invalid_token, invalid_text, std::move(who));
    return;
  }
  if (claim.generation + 1 == current && since_rotation <= limits.reuse_grace) {
    grant(
      login.who,
      {claim.login_id,
       make_refresh_token(parts_.key, claim.user_id, claim.login_id, current, login.family_salt),
       login.expires_at, login.second_factor},
      std::move(who));
    return;
  }
  revoke_reused(what, std::move(who));
}

void identity_state::rotate(renewal what, const messages::login_image& login, asker who) {
  const auto& claim = what.claim;
  auto next = make_refresh_token(parts_.key, claim.user_id, claim.login_id, claim.generation + 1,
                                 login.family_salt);
  messages::rotate_login request;
  request.user_id = claim.user_id;
  request.login_id = claim.login_id;
  request.from = login.generation;
  request.refresh_hash = hash_refresh_token(next);
  request.device = stored_device(what.device);
  self_->request(parts_.store, parts_.settings.store_timeout, std::move(request))
    .then(
      [this, what = std::move(what), login, next = std::move(next),
       who](messages::identity_stored& stored) mutable {
        if (stored.problem) {
          refuse(std::move(*stored.problem), std::move(who));
        } else if (stored.applied) {
          grant(login.who,
                {what.claim.login_id, std::move(next), login.expires_at, login.second_factor},
                std::move(who));
        } else if (--what.attempts_left > 0) {
          load(std::move(what), std::move(who)); // somebody else moved it: see to where
        } else {
          refuse(failure_code::unavailable, unavailable_text, std::move(who));
        }
      },
      [this, who](const caf::error&) { refuse(failure_code::unavailable, unavailable_text, who); });
}

void identity_state::revoke_reused(const renewal& what, asker who) {
  const auto user_id = what.claim.user_id;
  const auto login_id = what.claim.login_id;
  spdlog::warn("a spent refresh token was used again: login {} of user {} ends",
               domain::to_string(login_id), domain::to_string(user_id));
  self_
    ->request(parts_.store, parts_.settings.store_timeout,
              messages::revoke_login{user_id, login_id, "reuse", stored_device(what.device)})
    .then(
      [this, user_id, login_id, who](messages::identity_stored& stored) {
        // Only an ended family may be told of as ended: the client asks again otherwise.
        if (stored.problem) {
          refuse(std::move(*stored.problem), who);
          return;
        }
        if (stored.applied)
          tell_revoked(user_id, login_id);
        refuse(failure_code::invalid_token, invalid_text, who);
      },
      [this, who](const caf::error&) { refuse(failure_code::unavailable, unavailable_text, who); });
}

} // namespace spotter::actors::identity
