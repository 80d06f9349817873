#include "actors/factors/factor_failures.hpp"
#include "actors/factors/factors_state.hpp"
#include "actors/factors/opaque_token.hpp"

#include <caf/send.hpp>

#include <utility>

// Signing in with a second factor: between the right password and the right code stands a token
// that allows a few attempts within a few minutes, and nothing else.

namespace spotter::actors::factors {

namespace {

constexpr std::string_view challenge_prefix = "spm_";

messages::attempt_counter counter_of(const domain::uuid& user_id) {
  messages::attempt_counter counter;
  counter.key = "codes/" + domain::to_string(user_id);
  counter.free = 5;
  return counter;
}

} // namespace

caf::typed_response_promise<messages::challenge_begun> factors_state::begin_challenge(
  const messages::begin_challenge& request) {
  auto to = self_->make_response_promise<messages::challenge_begun>();
  const auto token = make_token(challenge_prefix, request.user_id);
  messages::put_challenge challenge;
  challenge.token_hash = read_token(challenge_prefix, token)->hash;
  challenge.lifetime_s = static_cast<std::int32_t>(parts_.settings.challenge_lifetime.count());
  challenge.attempts = parts_.settings.challenge_attempts;
  challenge.credentials = request.credentials;
  self_
    ->request(parts_.store, parts_.settings.store_timeout,
              messages::store_factor{request.user_id, {}, request.device, std::move(challenge)})
    .then(
      [to, token](messages::factor_stored& stored) mutable {
        messages::challenge_begun begun;
        if (stored.problem)
          begun.problem = std::move(stored.problem);
        else
          begun.token = token;
        to.deliver(std::move(begun));
      },
      [to](const caf::error&) mutable {
        messages::challenge_begun begun;
        begun.problem = unreachable();
        to.deliver(std::move(begun));
      });
  return to;
}

caf::typed_response_promise<messages::challenge_answered> factors_state::answer_challenge(
  messages::answer_challenge request) {
  auto to = self_->make_response_promise<messages::challenge_answered>();
  const auto fail = [to](messages::failure why) {
    messages::challenge_answered answered;
    answered.problem = std::move(why);
    auto promise = to;
    promise.deliver(std::move(answered));
  };
  const auto claim = read_token(challenge_prefix, request.token);
  if (!claim) {
    fail(challenge_over());
    return to;
  }
  const auto user_id = claim->user_id;
  const auto hash = claim->hash;
  const auto lost = [fail](const caf::error&) { fail(unreachable()); };

  const auto wrong = [this, fail, user_id, device = request.device]() {
    note("second_factor_failed", user_id, device);
    fail(wrong_proof());
  };
  const auto pass = [this, to, wrong, fail, lost, user_id, hash,
                     device = request.device](std::optional<messages::used_code> code) {
    if (!code) {
      wrong();
      return;
    }
    self_
      ->request(parts_.store, parts_.settings.store_timeout,
                messages::pass_challenge{user_id, hash, *code, device})
      .then(
        [this, to, wrong, fail, user_id](messages::challenge_answered& answered) mutable {
          if (answered.problem) {
            fail(std::move(*answered.problem));
          } else if (answered.who.user_id.is_nil()) {
            wrong(); // it was right, but used before
          } else {
            forgive_attempts(user_id);
            to.deliver(std::move(answered));
          }
        },
        lost);
  };
  const auto check = [this, pass, fail, lost, user_id, code = request.code]() {
    self_->request(parts_.store, parts_.settings.store_timeout, messages::load_factors{user_id, {}})
      .then([this, pass, fail, user_id,
             code](messages::factor_image& image) { check_code(user_id, image, code, pass, fail); },
            lost);
  };
  const auto try_it = [this, check, fail, lost, user_id, hash, device = request.device]() {
    messages::store_factor attempt{user_id, {}, device, messages::try_challenge{hash}};
    self_->request(parts_.store, parts_.settings.store_timeout, std::move(attempt))
      .then(
        [check, fail](messages::factor_stored& stored) {
          if (!stored.problem)
            check();
          else if (stored.problem->code == messages::failure_code::not_found)
            fail(challenge_over());
          else
            fail(std::move(*stored.problem));
        },
        lost);
  };
  // Anybody can write a token that names somebody. Nothing is counted for an account before it is known
  // that this one was given out for its password.
  messages::store_factor look{user_id, {}, request.device, messages::find_challenge{hash}};
  self_->request(parts_.store, parts_.settings.store_timeout, std::move(look))
    .then(
      [this, user_id, try_it, fail](messages::factor_stored& stored) {
        if (!stored.problem)
          count_attempt(user_id, try_it, fail);
        else if (stored.problem->code == messages::failure_code::not_found)
          fail(challenge_over());
        else
          fail(std::move(*stored.problem));
      },
      lost);
  return to;
}

// The waits are the account's, not the token's: a thief of the password gets no more guesses by
// signing in again and again.
void factors_state::count_attempt(const domain::uuid& user_id, std::function<void()> then,
                                  on_failure otherwise) {
  if (!parts_.limits) {
    then();
    return;
  }
  messages::count_attempts request;
  request.counters.push_back(counter_of(user_id));
  self_->request(parts_.limits, parts_.settings.store_timeout, std::move(request))
    .then(
      [then, otherwise](const messages::attempts_counted& counted) {
        for (const auto& state : counted.states)
          if (!state.allowed) {
            otherwise(wait_first(state.wait_ms));
            return;
          }
        then();
      },
      // Limits are a convenience of attackers' victims: without them the database still counts.
      [then](const caf::error&) { then(); });
}

void factors_state::forgive_attempts(const domain::uuid& user_id) {
  if (!parts_.limits)
    return;
  messages::forgive_attempts request;
  request.key = counter_of(user_id).key;
  caf::anon_send(parts_.limits, std::move(request));
}

} // namespace spotter::actors::factors
