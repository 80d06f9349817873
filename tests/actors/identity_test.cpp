#include "actors/identity/identity.hpp"

#include "actors/identity/refresh_token.hpp"
#include "domain/base64.hpp"
#include "tests/actors/fake_identity_store.hpp"

#define CAF_SUITE identity
#include "caf/test/dsl.hpp"

using namespace spotter;
using namespace spotter::actors::identity;
using namespace std::chrono_literals;
using messages::failure_code;

namespace {

const domain::instant start_time = *domain::parse_rfc3339("2026-03-01T17:00:00Z");

/// Hashes that a test can read, and a record of what was checked against what.
struct password_script {
  std::vector<std::string> checked_hashes;
  std::optional<messages::failure> problem;
};

messages::password_actor::behavior_type fake_passwords(messages::password_actor::pointer,
                                                       password_script* script) {
  return {
    [script](const messages::hash_password& ask) {
      return messages::password_hashed{"hash of " + ask.password, script->problem};
    },
    [script](const messages::check_password& ask) {
      script->checked_hashes.push_back(ask.hash);
      return messages::password_checked{ask.hash == "hash of " + ask.password, script->problem};
    },
  };
}

struct fixture : test_coordinator_fixture<> {
  store_script store;
  password_script passwords;
  domain::instant now = start_time; // this server's clock
  std::vector<messages::login_revoked> revoked;
  std::vector<domain::uuid> announced;
  signing_key key{signing_key::seed_bytes{1, 2, 3}};
  messages::identity_store_actor store_actor = sys.spawn(fake_identity_store, &store);
  messages::identity_actor identity;

  fixture() {
    store.now = start_time;
    settings config;
    config.clock = [this] { return now; };
    hooks listeners;
    listeners.on_revoked = [this](const messages::login_revoked& what) { revoked.push_back(what); };
    listeners.announce = [this](const domain::uuid& user, const messages::announce_revocation&) {
      announced.push_back(user);
    };
    identity = spawn(sys, parts{config, key, sys.spawn(fake_passwords, &passwords), "dummy hash",
                                store_actor, listeners});
  }

  ~fixture() override { caf::anon_send_exit(identity, caf::exit_reason::user_shutdown); }

  void pass(std::chrono::milliseconds time) {
    now += time;
    store.now += time;
  }

  template <class Reply = messages::login_reply, class Request>
  Reply ask(Request request) {
    auto pending = self->request(identity, caf::infinite, std::move(request));
    consume_messages();
    Reply reply;
    pending.receive([&](const Reply& got) { reply = got; },
                    [](const caf::error& error) { CAF_FAIL("no answer: " << error); });
    return reply;
  }

  static messages::login_granted granted(const messages::login_reply& reply) {
    if (const auto* why = std::get_if<messages::failure>(&reply.result))
      CAF_FAIL("refused: " << why->detail);
    return std::get<messages::login_granted>(reply.result);
  }

  static messages::failure refused(const messages::login_reply& reply) {
    if (!std::holds_alternative<messages::failure>(reply.result))
      CAF_FAIL("granted");
    return std::get<messages::failure>(reply.result);
  }

  messages::login_granted register_ada() {
    return granted(ask(messages::register_account{
      "ada@example.org", "correct horse", "Ada", "Europe/London", {"phone", "192.0.2.7"}}));
  }

  messages::login_reply refresh(const std::string& token) {
    return ask(messages::refresh_login{token, {"phone", "192.0.2.7"}});
  }

  store_script::login& row(const messages::login_granted& login) {
    return store.logins.at({login.who.user_id, login.login_id});
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(identity_tests, fixture)

CAF_TEST(a registration makes an account and its first login) {
  const auto login = register_ada();
  CAF_CHECK_EQUAL(login.who.email, "ada@example.org");
  CAF_CHECK_EQUAL(login.who.display_name, "Ada");
  CAF_CHECK_EQUAL(login.who.time_zone, "Europe/London");
  CAF_CHECK_EQUAL(login.who.role, "member");
  CAF_CHECK_EQUAL(login.who.user_id.version(), 7);
  CAF_CHECK_EQUAL(login.expires_in_s, 600);
  CAF_CHECK_EQUAL(store.accounts.at("ada@example.org").password_hash, "hash of correct horse");
  CAF_CHECK(row(login).expires_at == start_time + std::chrono::days{90});
}

CAF_TEST(no token is stored in a form that could be used) {
  const auto login = register_ada();
  CAF_CHECK_EQUAL(row(login).refresh_hash, hash_refresh_token(login.refresh_token));
  CAF_CHECK(login.refresh_token.find(row(login).refresh_hash) == std::string::npos);
}

CAF_TEST(a registration is told everything that is wrong with it at once) {
  const auto why =
    refused(ask(messages::register_account{"nobody", "short", std::string(101, 'x'), "", {}}));
  CAF_CHECK(why.code == failure_code::invalid_content);
  std::vector<std::string> pointers;
  for (const auto& error : why.errors)
    pointers.push_back(error.pointer);
  CAF_CHECK_EQUAL(pointers, (std::vector<std::string>{"/email", "/password", "/display_name"}));
  CAF_CHECK(store.accounts.empty());
}

CAF_TEST(passwords are measured in characters and not in bytes) {
  auto with = [this](std::string password) {
    static int count = 0;
    return ask(messages::register_account{
      "u" + std::to_string(count++) + "@example.org", std::move(password), "", "", {}});
  };
  std::string eight, longest;
  for (int i = 0; i < 8; ++i)
    eight += "\u00fc";
  for (int i = 0; i < 256; ++i)
    longest += "\u00fc";
  granted(with(eight));
  granted(with(longest));
  refused(with("1234567"));
  refused(with(longest + "x"));
}

CAF_TEST(an address is taken whatever case its letters have) {
  register_ada();
  const auto why =
    refused(ask(messages::register_account{" Ada@Example.ORG ", "another password", "", "", {}}));
  CAF_CHECK(why.code == failure_code::email_taken);
}

CAF_TEST(a known and an unknown address get the same answer for the same work) {
  register_ada();
  const auto known = refused(ask(messages::log_in{"ada@example.org", "wrong password", {}}));
  const auto unknown = refused(ask(messages::log_in{"eve@example.org", "wrong password", {}}));
  CAF_CHECK(known.code == failure_code::invalid_credentials);
  CAF_CHECK_EQUAL(known.detail, "The address or the password is wrong.");
  CAF_CHECK_EQUAL(caf::deep_to_string(known), caf::deep_to_string(unknown));
  CAF_CHECK_EQUAL(passwords.checked_hashes,
                  (std::vector<std::string>{"hash of correct horse", "dummy hash"}));
  CAF_CHECK_EQUAL(store.searched.size(), 2u);
}

CAF_TEST(whoever guesses the dummy password is still nobody) {
  passwords.checked_hashes.clear();
  store.accounts.clear();
  const auto why = refused(ask(messages::log_in{"eve@example.org", "dummy hash", {}}));
  CAF_CHECK(why.code == failure_code::invalid_credentials);
}

CAF_TEST(a right password opens another login) {
  const auto first = register_ada();
  const auto second =
    granted(ask(messages::log_in{"ADA@example.org", "correct horse", {"watch\n\xff", "::1"}}));
  CAF_CHECK(first.who.user_id == second.who.user_id);
  CAF_CHECK(first.login_id != second.login_id);
  CAF_CHECK_EQUAL(row(second).device.user_agent, "watch??");
}

CAF_TEST(a password that is changed while it waits to be checked opens nothing) {
  register_ada();
  store.moves_credentials = true;
  const messages::log_in wish{"ada@example.org", "correct horse", {}};
  CAF_CHECK(refused(ask(wish)).code == failure_code::invalid_credentials);
  CAF_CHECK_EQUAL(store.logins.size(), 1u);
  CAF_MESSAGE("who comes after the change is let in");
  store.moves_credentials = false;
  granted(ask(wish));
}

CAF_TEST(a full password queue is passed on as it is) {
  passwords.problem = messages::failure{failure_code::overloaded, "busy", {}, 2'000};
  const auto why = refused(ask(messages::log_in{"ada@example.org", "correct horse", {}}));
  CAF_CHECK(why.code == failure_code::overloaded);
  CAF_CHECK_EQUAL(why.retry_after_ms, 2'000);
}

CAF_TEST(a store that cannot be reached is said to be so) {
  register_ada();
  store.reachable = false;
  const auto login = refused(ask(messages::log_in{"ada@example.org", "correct horse", {}}));
  CAF_CHECK(login.code == failure_code::unavailable);
  CAF_CHECK(login.retry_after_ms > 0);
  const auto account =
    refused(ask(messages::register_account{"bob@example.org", "correct horse", "", "", {}}));
  CAF_CHECK(account.code == failure_code::outcome_unknown);
}

CAF_TEST(a renewal gives the next generation and spends the last) {
  const auto first = register_ada();
  pass(1h);
  const auto second = granted(refresh(first.refresh_token));
  CAF_CHECK(second.login_id == first.login_id);
  CAF_CHECK_NOT_EQUAL(second.refresh_token, first.refresh_token);
  CAF_CHECK_EQUAL(row(first).generation, 2);
  pass(1h);
  const auto third = granted(refresh(second.refresh_token));
  CAF_CHECK_EQUAL(row(first).generation, 3);
  CAF_CHECK_EQUAL(row(first).refresh_hash, hash_refresh_token(third.refresh_token));
}

CAF_TEST(a renewed token says what the store says of a second factor) {
  const auto claims = [](const messages::login_granted& login) {
    const auto first = login.access_token.find('.');
    const auto last = login.access_token.rfind('.');
    return domain::from_base64url(login.access_token.substr(first + 1, last - first - 1)).value();
  };
  const auto says_so = [&claims](const messages::login_granted& login) {
    return claims(login).find(R"("amr":["pwd","otp"])") != std::string::npos;
  };
  auto login = register_ada();
  CAF_CHECK(claims(login).find(R"("amr":["pwd"])") != std::string::npos);
  row(login).second_factor = true;
  const auto spent = login.refresh_token;
  login = granted(refresh(spent));
  CAF_CHECK(says_so(login));
  CAF_CHECK(says_so(granted(refresh(spent))));
  row(login).second_factor = false;
  CAF_CHECK(!says_so(granted(refresh(login.refresh_token))));
}

CAF_TEST(a token spent ten seconds ago gets the same successor) {
  const auto first = register_ada();
  const auto second = granted(refresh(first.refresh_token));
  pass(10s);
  const auto again = granted(refresh(first.refresh_token));
  CAF_CHECK_EQUAL(again.refresh_token, second.refresh_token);
  CAF_CHECK_EQUAL(row(first).generation, 2);
  CAF_CHECK(revoked.empty());
}

CAF_TEST(a token spent eleven seconds ago ends its family) {
  const auto first = register_ada();
  const auto second = granted(refresh(first.refresh_token));
  pass(11s);
  CAF_CHECK(refused(refresh(first.refresh_token)).code == failure_code::invalid_token);
  CAF_CHECK_EQUAL(row(first).revoked_reason, "reuse");
  CAF_REQUIRE_EQUAL(revoked.size(), 1u);
  CAF_CHECK(revoked[0].login_id == first.login_id);
  CAF_CHECK(announced == std::vector{first.who.user_id});
  CAF_MESSAGE("its successor is dead as well");
  CAF_CHECK(refused(refresh(second.refresh_token)).code == failure_code::invalid_token);
  CAF_CHECK_EQUAL(revoked.size(), 1u);
}

CAF_TEST(the grace is counted on the clock of the database) {
  const auto first = register_ada();
  granted(refresh(first.refresh_token));
  store.now += 11s; // this server's clock stands still
  refused(refresh(first.refresh_token));
  CAF_CHECK_EQUAL(row(first).revoked_reason, "reuse");
}

CAF_TEST(a token two generations old ends its family even within the grace) {
  const auto first = register_ada();
  const auto second = granted(refresh(first.refresh_token));
  granted(refresh(second.refresh_token));
  refused(refresh(first.refresh_token));
  CAF_CHECK_EQUAL(row(first).revoked_reason, "reuse");
}

CAF_TEST(a reuse that cannot be stored is not answered as if it were) {
  const auto first = register_ada();
  granted(refresh(first.refresh_token));
  pass(11s);
  store.write_problem = messages::failure{failure_code::unavailable, "down", {}, 1'000};
  CAF_CHECK(refused(refresh(first.refresh_token)).code == failure_code::unavailable);
  CAF_CHECK(revoked.empty());
}

CAF_TEST(of two renewals at once both get the same successor) {
  const auto first = register_ada();
  std::string other;
  store.before_rotate = [this, &first, &other] {
    other = make_refresh_token(key, first.who.user_id, first.login_id, 2, row(first).family_salt);
    store.rotate({first.who.user_id, first.login_id, 1, hash_refresh_token(other), {}});
  };
  const auto second = granted(refresh(first.refresh_token));
  CAF_CHECK_EQUAL(second.refresh_token, other);
  CAF_CHECK_EQUAL(row(first).generation, 2);
  CAF_CHECK(revoked.empty());
}

CAF_TEST(a token that was tampered with does not harm the login it names) {
  const auto first = register_ada();
  auto forged = first.refresh_token;
  forged[50] = forged[50] == 'A' ? 'B' : 'A';
  CAF_CHECK(refused(refresh(forged)).code == failure_code::invalid_token);
  CAF_CHECK(refused(refresh("")).code == failure_code::invalid_token);
  CAF_CHECK(refused(refresh(std::string(91, 'A'))).code == failure_code::invalid_token);
  CAF_CHECK(row(first).revoked_reason.empty());
  granted(refresh(first.refresh_token));
}

CAF_TEST(a token of another key is not ours) {
  const auto first = register_ada();
  const signing_key other{signing_key::seed_bytes{9}};
  refused(refresh(
    make_refresh_token(other, first.who.user_id, first.login_id, 1, row(first).family_salt)));
  CAF_CHECK(row(first).revoked_reason.empty());
}

CAF_TEST(a login ends ninety days after it began however often it is renewed) {
  auto login = register_ada();
  for (int i = 0; i < 8; ++i) {
    pass(std::chrono::days{11});
    login = granted(refresh(login.refresh_token));
  }
  pass(std::chrono::days{2} - 5min);
  login = granted(refresh(login.refresh_token));
  CAF_CHECK_EQUAL(login.expires_in_s, 300);
  pass(5min);
  CAF_CHECK(refused(refresh(login.refresh_token)).code == failure_code::invalid_token);
}

CAF_TEST(a login that was not renewed for thirty days is over) {
  const auto login = register_ada();
  pass(std::chrono::days{30});
  CAF_CHECK(refused(refresh(login.refresh_token)).code == failure_code::invalid_token);
}

CAF_TEST(a logout ends the login and tells everybody once) {
  const auto login = register_ada();
  const messages::log_out request{login.who.user_id, login.login_id};
  for (int i = 0; i < 2; ++i) {
    const auto reply = ask<messages::command_reply>(request);
    CAF_CHECK(std::holds_alternative<messages::outcome>(reply.result));
  }
  CAF_CHECK_EQUAL(row(login).revoked_reason, "logout");
  CAF_CHECK_EQUAL(revoked.size(), 1u);
  CAF_CHECK_EQUAL(announced.size(), 1u);
  CAF_CHECK(refused(refresh(login.refresh_token)).code == failure_code::invalid_token);
}

CAF_TEST(requests beyond the limit are refused at once) {
  settings config;
  config.max_in_flight = 1;
  auto small = spawn(
    sys, parts{config, key, sys.spawn(fake_passwords, &passwords), "dummy hash", store_actor, {}});
  auto first =
    self->request(small, caf::infinite, messages::log_in{"ada@example.org", "correct horse", {}});
  auto second =
    self->request(small, caf::infinite, messages::log_in{"ada@example.org", "correct horse", {}});
  consume_messages();
  auto code_of = [](auto& pending) {
    failure_code code{};
    pending.receive([&](const messages::login_reply& reply) { code = refused(reply).code; },
                    [](const caf::error& error) { CAF_FAIL("no answer: " << error); });
    return code;
  };
  CAF_CHECK(code_of(first) == failure_code::invalid_credentials);
  CAF_CHECK(code_of(second) == failure_code::overloaded);
  CAF_MESSAGE("and admitted again when others have ended");
  auto third =
    self->request(small, caf::infinite, messages::log_in{"ada@example.org", "correct horse", {}});
  consume_messages();
  CAF_CHECK(code_of(third) == failure_code::invalid_credentials);
}

CAF_TEST_FIXTURE_SCOPE_END()
