#include "actors/factors/factors.hpp"

#include "actors/factors/opaque_token.hpp"
#include "actors/factors/recovery_code.hpp"
#include "actors/factors/totp.hpp"

#include "actors/messages/all.hpp"

#define CAF_SUITE factors
#include "caf/test/dsl.hpp"

#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <algorithm>
#include <utility>

using namespace spotter;
using namespace spotter::actors::factors;
using namespace spotter::actors::sealing;
using messages::failure_code;

namespace {

/// What the store knows, and was told.
struct script {
  messages::factor_image image;
  std::vector<messages::factor_change> changes;
  std::vector<domain::uuid> ended;
  std::optional<messages::failure> problem;
  bool key_is_there = false;
  int attempts_left = 5;
  bool code_is_fresh = true;
  std::vector<messages::note_security_event> noted;
  int attempts_counted = 0;
  std::int32_t wait_ms = 0;
  std::vector<std::string> challenges; // hashes of their tokens
  bool holds_hashes = false;           // until a password is checked
  std::vector<std::pair<caf::typed_response_promise<messages::password_hashed>, std::string>> held;
  std::size_t held_at_once = 0;

  void release() {
    for (auto& [to, hash] : std::exchange(held, {})) {
      messages::password_hashed hashed;
      hashed.hash = hash;
      to.deliver(std::move(hashed));
    }
  }

  bool has(const std::string& challenge) const {
    return std::find(challenges.begin(), challenges.end(), challenge) != challenges.end();
  }
};

messages::factor_store_actor::behavior_type fake_store(messages::factor_store_actor::pointer,
                                                       script* known) {
  return {
    [known](const messages::load_factors&) { return known->image; },
    [known](const messages::store_factor& ask) {
      known->changes.push_back(ask.what);
      messages::factor_stored stored;
      stored.problem = known->problem;
      if (const auto* totp = std::get_if<messages::put_totp>(&ask.what))
        known->image.totp_secret = totp->sealed_secret;
      if (const auto* on = std::get_if<messages::turn_totp_on>(&ask.what)) {
        known->image.totp_confirmed = true;
        known->image.totp_step = on->step;
        known->image.recovery_codes = on->recovery_codes;
        stored.ended = known->ended;
      }
      if (std::holds_alternative<messages::put_api_key>(ask.what)) {
        stored.body = R"({"id":"x"})";
        stored.repeated = known->key_is_there;
      }
      if (const auto* put = std::get_if<messages::put_challenge>(&ask.what))
        known->challenges.push_back(put->token_hash);
      const auto* find = std::get_if<messages::find_challenge>(&ask.what);
      if (find && (known->attempts_left <= 0 || !known->has(find->token_hash)))
        stored.problem = messages::failure{failure_code::not_found, "gone", {}, 0};
      if (std::holds_alternative<messages::try_challenge>(ask.what) && known->attempts_left-- <= 0)
        stored.problem = messages::failure{failure_code::not_found, "gone", {}, 0};
      return stored;
    },
    [](const messages::find_api_key& ask) {
      messages::api_key_checked checked;
      checked.found = true;
      checked.user_id = ask.user_id;
      return checked;
    },
    [](const messages::check_share&) { return messages::share_checked{}; },
    [known](const messages::pass_challenge& ask) {
      messages::challenge_answered answered;
      if (known->code_is_fresh)
        answered.who.user_id = ask.user_id;
      answered.challenge = ask.token_hash;
      return answered;
    },
  };
}

// A hash is its password with a mark.
messages::password_actor::behavior_type fake_passwords(messages::password_actor::pointer self,
                                                       script* known) {
  return {
    [self, known](const messages::hash_password& ask) {
      auto to = self->make_response_promise<messages::password_hashed>();
      known->held.emplace_back(to, "#" + ask.password);
      known->held_at_once = std::max(known->held_at_once, known->held.size());
      if (!known->holds_hashes)
        known->release();
      return to;
    },
    [known](const messages::check_password& ask) {
      known->release();
      messages::password_checked checked;
      checked.matches = ask.hash == "#" + ask.password;
      return checked;
    },
  };
}

messages::shared_state_actor::behavior_type fake_limits(messages::shared_state_actor::pointer,
                                                        script* known) {
  return {
    [](const messages::take_tokens&) { return messages::tokens_taken{}; },
    [known](const messages::count_attempts& ask) {
      known->attempts_counted += static_cast<int>(ask.counters.size());
      messages::attempt_state state;
      state.allowed = known->wait_ms == 0;
      state.wait_ms = known->wait_ms;
      return messages::attempts_counted{{state}};
    },
    [](const messages::forgive_attempts&) {},
    [](const messages::get_cached&) { return messages::cached_value{}; },
    [](const messages::keep&) {},
    [](messages::get_health) { return messages::health{}; },
  };
}

messages::identity_store_actor::behavior_type fake_events(messages::identity_store_actor::pointer,
                                                          script* known) {
  using messages::identity_stored;
  return {
    [](const messages::add_account&) { return identity_stored{}; },
    [](const messages::add_login&) { return identity_stored{}; },
    [](const messages::find_account&) { return messages::account_image{}; },
    [](const messages::load_addresses&) { return messages::known_addresses{}; },
    [](const messages::load_login&) { return messages::login_image{}; },
    [](const messages::rotate_login&) { return identity_stored{}; },
    [](const messages::revoke_login&) { return identity_stored{}; },
    [known](const messages::note_security_event& ask) {
      known->noted.push_back(ask);
      return identity_stored{true, {}};
    },
    [](const messages::load_ended_logins&) { return messages::ended_logins{}; },
  };
}

sealing_key test_key() {
  sealing_key::key_bytes bytes{};
  bytes.fill(9);
  return sealing_key{bytes};
}

struct fixture {
  // What actors write to outlives the system, which waits for them.
  script known;
  std::vector<domain::uuid> revoked;
  domain::instant now = domain::from_millis(1'700'000'000'000);
  caf::actor_system_config config;
  caf::actor_system system{config.set("caf.scheduler.max-threads", 1)};
  caf::scoped_actor self{system};
  domain::uuid user = domain::make_uuid_v7();
  domain::uuid login = domain::make_uuid_v7();
  std::string secret; // of the authenticator, as people scan it
  messages::identity_store_actor events = system.spawn(fake_events, &known);
  messages::password_actor passwords = system.spawn(fake_passwords, &known);
  messages::factors_actor factors;

  fixture() {
    known.image.found = true;
    known.image.recent = true;
    known.image.email = "ada@example.org";
    known.image.password_hash = "#right";
    parts p{{},        sealer{{test_key()}},
            passwords, system.spawn(fake_store, &known),
            events,    system.spawn(fake_limits, &known),
            {}};
    p.settings.clock = [this] { return now; };
    p.hooks.on_revoked = [this](const messages::login_revoked& what) {
      revoked.push_back(what.login_id);
    };
    factors = spawn(system, std::move(p));
  }

  ~fixture() { self->send_exit(factors, caf::exit_reason::user_shutdown); }

  /// Once it returns, what was noted before is there.
  const std::vector<messages::note_security_event>& noted() {
    self->request(events, caf::infinite, messages::find_account{})
      .receive([](const messages::account_image&) {}, [](const caf::error&) {});
    return known.noted;
  }

  template <class Answer, class Request>
  Answer ask(Request request) {
    Answer answer;
    self->request(factors, caf::infinite, std::move(request))
      .receive([&](Answer& got) { answer = std::move(got); },
               [](const caf::error& error) { CAF_FAIL("no answer: " << error); });
    return answer;
  }

  messages::read_reply request(messages::factor_action action) {
    return ask<messages::read_reply>(messages::factor_request{user, login, {}, std::move(action)});
  }

  std::string good(messages::factor_action action) {
    const auto reply = request(std::move(action));
    if (const auto* why = std::get_if<messages::failure>(&reply.result))
      CAF_FAIL("refused: " << why->detail);
    return std::string{std::get<messages::rendered>(reply.result).body.view()};
  }

  failure_code refused(messages::factor_action action) {
    const auto reply = request(std::move(action));
    CAF_REQUIRE(std::holds_alternative<messages::failure>(reply.result));
    return std::get<messages::failure>(reply.result).code;
  }

  /// Begins, finds the secret out as an authenticator does, and confirms. Gives the recovery codes.
  std::string turn_on() {
    good(messages::begin_totp{});
    secret = *sealer{{test_key()}}.open(known.image.totp_secret, "totp/" + domain::to_string(user));
    return good(messages::confirm_totp{code()});
  }

  std::string code(int steps = 0) { return totp_code(secret, totp_step_of(now) + steps); }

  std::string challenge() {
    return ask<messages::challenge_begun>(messages::begin_challenge{user, {}}).token;
  }

  messages::challenge_answered finish(const std::string& token, const std::string& typed) {
    return ask<messages::challenge_answered>(messages::answer_challenge{token, typed, {}});
  }
};

std::string first_code(const std::string& body) {
  const auto at = body.find("[\"") + 2;
  return body.substr(at, body.find('"', at) - at);
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(factors_tests, fixture)

CAF_TEST(the secret is shown once and kept sealed) {
  const auto body = good(messages::begin_totp{});
  CAF_CHECK(body.find("otpauth://totp/Spotter:ada%40example.org?secret=") != std::string::npos);
  CAF_CHECK(body.find("<svg") != std::string::npos);
  const auto opened =
    sealer{{test_key()}}.open(known.image.totp_secret, "totp/" + domain::to_string(user));
  CAF_REQUIRE(opened.has_value());
  CAF_CHECK(body.find(totp_secret_text(*opened)) != std::string::npos);
  CAF_CHECK(known.image.totp_secret.find(*opened) == std::string::npos);
}

CAF_TEST(a wrong code turns nothing on and a right one ends the others) {
  known.ended = {domain::make_uuid_v7()};
  good(messages::begin_totp{});
  CAF_CHECK(refused(messages::confirm_totp{"000000"}) == failure_code::invalid_content);
  const auto codes = turn_on();
  CAF_CHECK(revoked == known.ended);
  const auto& on = std::get<messages::turn_totp_on>(known.changes.back());
  CAF_CHECK_EQUAL(on.recovery_codes.size(), recovery_code_count);
  CAF_MESSAGE("what is kept of the recovery codes are hashes of the form in which they are read");
  CAF_CHECK_EQUAL(on.recovery_codes[0], "#" + read_recovery_code(first_code(codes))->text);
}

CAF_TEST(without a proof nothing begins) {
  known.image.recent = false;
  CAF_CHECK(refused(messages::begin_totp{}) == failure_code::reauthentication_required);
  CAF_CHECK(refused(messages::renew_recovery_codes{}) == failure_code::reauthentication_required);
  CAF_CHECK(known.changes.empty());
}

CAF_TEST(with a second factor a password proves nothing) {
  good(messages::reauthenticate{"right", ""});
  CAF_CHECK(refused(messages::reauthenticate{"wrong", ""}) == failure_code::invalid_credentials);
  turn_on();
  CAF_CHECK(refused(messages::reauthenticate{"right", ""}) == failure_code::invalid_credentials);
  now += std::chrono::seconds{30};
  good(messages::reauthenticate{"", code()});
  CAF_CHECK(refused(messages::reauthenticate{"", code(-1)}) == failure_code::invalid_credentials);
  CAF_REQUIRE_EQUAL(noted().size(), 2u);
  CAF_CHECK_EQUAL(noted().back().kind, "reauthentication_failed");
}

CAF_TEST(codes are waited for after too many wrong ones) {
  known.wait_ms = 4'000;
  CAF_CHECK(refused(messages::reauthenticate{"right", ""}) == failure_code::too_many_requests);
  turn_on();
  const auto answered = finish(challenge(), code(1));
  CAF_REQUIRE(answered.problem.has_value());
  CAF_CHECK(answered.problem->code == failure_code::too_many_requests);
  CAF_CHECK_EQUAL(answered.problem->retry_after_ms, 4'000);
}

CAF_TEST(a sign in is finished by a code) {
  turn_on();
  const auto token = challenge();
  const auto wrong = finish(token, "000000");
  CAF_REQUIRE(wrong.problem.has_value());
  CAF_CHECK(wrong.problem->code == failure_code::invalid_credentials);
  CAF_REQUIRE_EQUAL(noted().size(), 1u);
  CAF_CHECK_EQUAL(noted().back().kind, "second_factor_failed");
  const auto right = finish(token, code(1));
  CAF_CHECK(!right.problem);
  CAF_CHECK(right.who.user_id == user);
  CAF_CHECK_EQUAL(right.challenge.size(), 32u);
  CAF_CHECK_EQUAL(known.attempts_counted, 2);
}

CAF_TEST(a challenge says which password it was begun with) {
  ask<messages::challenge_begun>(messages::begin_challenge{user, {}, 7});
  CAF_CHECK_EQUAL(std::get<messages::put_challenge>(known.changes.back()).credentials, 7);
}

CAF_TEST(a sign in is finished by a recovery code) {
  const auto codes = turn_on();
  CAF_CHECK(!finish(challenge(), first_code(codes)).problem);
  known.image.recovery_codes[0].clear();
  CAF_CHECK(finish(challenge(), first_code(codes)).problem.has_value());
}

CAF_TEST(a code that was used elsewhere is as wrong as any) {
  turn_on();
  known.code_is_fresh = false;
  const auto answered = finish(challenge(), code(1));
  CAF_REQUIRE(answered.problem.has_value());
  CAF_CHECK(answered.problem->code == failure_code::invalid_credentials);
}

CAF_TEST(a token that is over or forged begins no login) {
  turn_on();
  for (const std::string& token : {std::string{}, std::string{"spm_"}, make_token("spk_", user),
                                   make_token("spm_", user) + "x"}) {
    const auto answered = finish(token, code(1));
    CAF_REQUIRE(answered.problem.has_value());
    CAF_CHECK(answered.problem->code == failure_code::invalid_token);
  }
  known.attempts_left = 0;
  CAF_CHECK(finish(challenge(), code(1)).problem->code == failure_code::invalid_token);
}

CAF_TEST(an account has one set of codes in the making and one of them in the queue) {
  turn_on();
  known.holds_hashes = true;
  known.held_at_once = 0;
  const messages::factor_request renew{user, login, {}, messages::renew_recovery_codes{}};
  auto first = self->request(factors, caf::infinite, renew);
  auto second = self->request(factors, caf::infinite, renew);
  const auto lost = [](const caf::error& error) { CAF_FAIL("no answer: " << error); };
  second.receive(
    [](const messages::read_reply& reply) {
      const auto* why = std::get_if<messages::failure>(&reply.result);
      CAF_REQUIRE(why);
      CAF_CHECK(why->code == failure_code::too_many_requests);
      CAF_CHECK(why->retry_after_ms > 0);
    },
    lost);
  known.holds_hashes = false;
  self->request(passwords, caf::infinite, messages::check_password{})
    .receive([](const messages::password_checked&) {}, lost);
  first.receive(
    [](const messages::read_reply& reply) {
      CAF_CHECK(std::holds_alternative<messages::rendered>(reply.result));
    },
    lost);
  CAF_CHECK_EQUAL(known.held_at_once, 1u);
  CAF_MESSAGE("and may ask again when they are made");
  CAF_CHECK(!good(messages::renew_recovery_codes{}).empty());
}

CAF_TEST(who only knows an id makes nobody wait) {
  turn_on();
  const auto counted = known.attempts_counted;
  for (int i = 0; i < 20; ++i)
    CAF_CHECK(finish(make_token("spm_", user), "000000").problem->code
              == failure_code::invalid_token);
  CAF_CHECK_EQUAL(known.attempts_counted, counted);
  CAF_CHECK(noted().empty());
  CAF_MESSAGE("while each code for a challenge that was given out counts");
  CAF_CHECK(finish(challenge(), "000000").problem->code == failure_code::invalid_credentials);
  CAF_CHECK_EQUAL(known.attempts_counted, counted + 1);
  CAF_MESSAGE("and a wait takes none of its attempts");
  known.wait_ms = 1'000;
  const auto left = known.attempts_left;
  CAF_CHECK(finish(challenge(), code(1)).problem->code == failure_code::too_many_requests);
  CAF_CHECK_EQUAL(known.attempts_left, left);
}

CAF_TEST(a key is shown once and kept as a hash) {
  messages::create_api_key key;
  key.name = "script";
  key.scopes = {"read"};
  const auto body = good(key);
  const auto at = body.find("spk_");
  CAF_REQUIRE(at != std::string::npos);
  const auto token = body.substr(at, body.find('"', at) - at);
  const auto& kept = std::get<messages::put_api_key>(known.changes.back());
  CAF_CHECK(kept.key_hash == read_token(api_key_prefix, token)->hash);
  CAF_CHECK(token.find(kept.key_hash) == std::string::npos);
  const auto checked = ask<messages::api_key_checked>(messages::check_api_key{token, {}});
  CAF_CHECK(checked.user_id == user);
  CAF_CHECK(!ask<messages::api_key_checked>(messages::check_api_key{"spk_no", {}}).found);
}

CAF_TEST(a repeat of a key shows no secret) {
  messages::create_api_key key;
  key.api_key_id = domain::make_uuid_v7();
  key.name = "script";
  key.scopes = {"read"};
  CAF_CHECK(good(key).find("spk_") != std::string::npos);
  CAF_CHECK(std::get<messages::put_api_key>(known.changes.back()).api_key_id == *key.api_key_id);
  known.key_is_there = true;
  CAF_CHECK_EQUAL(good(key), R"({"id":"x"})");
}

CAF_TEST(who is refused by the store is told why) {
  known.problem = messages::failure{failure_code::conflict, "no", {}, 0};
  CAF_CHECK(refused(messages::begin_totp{}) == failure_code::conflict);
  CAF_CHECK(refused(messages::end_share{user, {}}) == failure_code::conflict);
  known.image.found = false;
  CAF_CHECK(refused(messages::reauthenticate{"right", ""}) == failure_code::invalid_token);
}

CAF_TEST_FIXTURE_SCOPE_END()
