// Second factors, challenges and API keys as the database keeps them.
#include "persistence/factor_rows.hpp"

#include "persistence/identity_rows.hpp"
#include "tests/persistence/pg_fixture.hpp"

#define CAF_SUITE factors
#include "caf/test/dsl.hpp"

#include <algorithm>
#include <array>
#include <thread>

using namespace spotter;
using namespace spotter::persistence;
using messages::failure_code;

namespace {

const std::string challenge_hash(32, 'c');
const std::string key_hash(32, 'k');
const messages::device_info device{"phone", "192.0.2.1", "request", "trace"};

struct fixture : tests::pg_fixture {
  domain::uuid alice = database.add_user();
  domain::uuid bob = database.add_user();
  domain::uuid login = domain::make_uuid_v7();
  pqxx::connection admin = database.superuser();
  factor_rows rows{settings(database_role::writer)};
  identity_rows logins{settings(database_role::writer)};

  fixture() { CAF_REQUIRE(open_login(alice, login)); }

  bool open_login(const domain::uuid& user, const domain::uuid& id,
                  const std::string& challenge = {}, std::int64_t credentials = 0) {
    messages::add_login request;
    request.user_id = user;
    request.login_id = id;
    request.family_salt = request.refresh_hash = to_string(id);
    request.login_expires = domain::now() + std::chrono::hours{1};
    request.device = device;
    request.challenge = challenge;
    request.credentials = credentials;
    return logins.add_login(request).applied;
  }

  messages::factor_stored store(messages::factor_change what) {
    return store(rows, std::move(what));
  }

  messages::factor_stored store(factor_rows& at, messages::factor_change what) {
    return at.store({alice, login, device, std::move(what)});
  }

  std::optional<failure_code> problem(messages::factor_change what) {
    const auto stored = store(std::move(what));
    return stored.problem ? std::optional{stored.problem->code} : std::nullopt;
  }

  void turn_on(std::int64_t step = 100) {
    CAF_REQUIRE(!store(messages::put_totp{"sealed"}).problem);
    messages::turn_totp_on on;
    on.step = step;
    for (int i = 0; i < 10; ++i)
      on.recovery_codes.push_back("$argon2id$v=19$m=1,t=1,p=1$\"" + std::to_string(i) + "\\");
    CAF_REQUIRE(!store(std::move(on)).problem);
  }

  void as_admin(const std::string& sql) {
    pqxx::nontransaction tx{admin};
    tx.exec(sql, pqxx::params{to_string(alice)});
  }

  int count(const std::string& sql) {
    pqxx::nontransaction tx{admin};
    return tx.query_value<int>(sql, pqxx::params{to_string(alice)});
  }

  /// Statements that wait for somebody's lock.
  int count_waiting() {
    auto watcher = database.superuser();
    pqxx::nontransaction tx{watcher};
    return tx.query_value<int>("SELECT count(*) FROM pg_locks WHERE NOT granted");
  }

  int events(const std::string& kind) {
    return count("SELECT count(*) FROM spotter.security_event WHERE user_id = $1::uuid AND kind = '"
                 + kind + "'");
  }

  void age_login() {
    as_admin("UPDATE spotter.login SET reauthenticated_at = now() - interval '11 minutes' "
             "WHERE user_id = $1::uuid");
  }

  messages::used_code step(std::int64_t n) {
    messages::used_code code;
    code.step = n;
    return code;
  }

  messages::used_code slot(std::int32_t n) {
    messages::used_code code;
    code.slot = n;
    return code;
  }

  bool pass(const messages::used_code& code) {
    return !rows.pass_challenge({alice, challenge_hash, code, device}).who.user_id.is_nil();
  }

  /// How many of two connections that do the same at once come through.
  template <class Act>
  int race(Act act) {
    std::array<factor_rows, 2> at{factor_rows{settings(database_role::writer)},
                                  factor_rows{settings(database_role::writer)}};
    for (auto& one : at) // so that they begin together
      CAF_REQUIRE((*one.connection()).is_open());
    std::array<bool, 2> won{};
    std::array<std::thread, 2> threads;
    for (std::size_t i = 0; i < 2; ++i)
      threads[i] = std::thread{[&at, &won, &act, i] { won[i] = act(at[i]); }};
    for (auto& thread : threads)
      thread.join();
    return int{won[0]} + int{won[1]};
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(factor_tests, fixture)

CAF_TEST(a login knows that it was opened with a second factor until that is removed) {
  turn_on();
  CAF_CHECK(!logins.load_login({alice, login}).second_factor);
  CAF_CHECK(!store(messages::pass_reauthentication{step(101)}).problem);
  CAF_CHECK(!logins.load_login({alice, login}).second_factor);
  const auto proved = domain::make_uuid_v7();
  CAF_CHECK(!store(messages::put_challenge{challenge_hash}).problem);
  CAF_CHECK(pass(step(102)));
  messages::add_login request;
  request.user_id = alice;
  request.login_id = proved;
  request.family_salt = request.refresh_hash = "x";
  request.login_expires = domain::now() + std::chrono::hours{1};
  request.challenge = challenge_hash;
  for (int i = 0; i < 2; ++i) { // the second as where the answer was lost
    const auto opened = logins.add_login(request);
    CAF_CHECK(opened.applied);
    CAF_CHECK(opened.second_factor);
  }
  CAF_CHECK(logins.load_login({alice, proved}).second_factor);
  login = proved;
  CAF_CHECK(!store(messages::turn_totp_off{}).problem);
  CAF_CHECK(!logins.load_login({alice, proved}).second_factor);
  turn_on();
  CAF_CHECK(!logins.load_login({alice, proved}).second_factor);
}

CAF_TEST(an authenticator counts once it was confirmed) {
  CAF_CHECK(!store(messages::put_totp{"sealed one"}).problem);
  CAF_CHECK(!store(messages::put_totp{std::string{"sealed\0two", 10}}).problem);
  auto image = rows.load_factors({alice, login});
  CAF_CHECK(image.found);
  CAF_CHECK(image.recent);
  CAF_CHECK((image.totp_secret == std::string{"sealed\0two", 10}));
  CAF_CHECK(!image.totp_confirmed);
  CAF_CHECK(!logins.find_account({"nobody"}).second_factor);
  turn_on(77);
  image = rows.load_factors({alice, login});
  CAF_CHECK(image.totp_confirmed);
  CAF_CHECK_EQUAL(image.totp_step, 77);
  CAF_REQUIRE_EQUAL(image.recovery_codes.size(), 10u);
  CAF_CHECK_EQUAL(image.recovery_codes[3], "$argon2id$v=19$m=1,t=1,p=1$\"3\\");
  CAF_MESSAGE("and is not replaced by another");
  CAF_CHECK(problem(messages::put_totp{"third"}) == failure_code::conflict);
  CAF_CHECK(problem(messages::turn_totp_on{200, {}}) == failure_code::conflict);
  CAF_CHECK_EQUAL(events("second_factor_added"), 1);
}

CAF_TEST(changes of factors need a proof of the last ten minutes) {
  turn_on();
  age_login();
  CAF_CHECK(problem(messages::turn_totp_off{}) == failure_code::reauthentication_required);
  CAF_CHECK(problem(messages::put_recovery_codes{{"x"}})
            == failure_code::reauthentication_required);
  CAF_CHECK(problem(messages::put_totp{"x"}) == failure_code::reauthentication_required);
  CAF_CHECK(problem(messages::put_api_key{domain::make_uuid_v7(), "n", {"read"}, key_hash, {}})
            == failure_code::reauthentication_required);
  CAF_MESSAGE("a password alone opens no window where there is a second factor");
  CAF_CHECK(problem(messages::pass_reauthentication{}) == failure_code::invalid_credentials);
  CAF_CHECK(!problem(messages::pass_reauthentication{step(101)}));
  CAF_CHECK(!problem(messages::turn_totp_off{}));
  CAF_CHECK(problem(messages::turn_totp_off{}) == failure_code::not_found);
  CAF_CHECK_EQUAL(events("second_factor_removed"), 1);
}

CAF_TEST(a change of factors ends the other logins) {
  const auto other = domain::make_uuid_v7();
  CAF_REQUIRE(open_login(alice, other));
  CAF_REQUIRE(!store(messages::put_totp{"sealed"}).problem);
  const auto on = store(messages::turn_totp_on{1, {}});
  CAF_CHECK((on.ended == std::vector{other}));
  CAF_CHECK(logins.load_login({alice, other}).revoked);
  CAF_CHECK(!logins.load_login({alice, login}).revoked);
}

CAF_TEST(of two who use the same code at once one gets through) {
  turn_on(1);
  for (std::int64_t n = 2; n < 30; ++n)
    CAF_CHECK_EQUAL(race([&](factor_rows& at) {
                      return !store(at, messages::pass_reauthentication{step(n)}).problem;
                    }),
                    1);
  CAF_MESSAGE("nor is an earlier one good afterwards");
  CAF_CHECK(problem(messages::pass_reauthentication{step(28)})
            == failure_code::invalid_credentials);
}

CAF_TEST(a recovery code is good once) {
  turn_on();
  for (int n = 0; n < 10; ++n)
    CAF_CHECK_EQUAL(race([&](factor_rows& at) {
                      return !store(at, messages::pass_reauthentication{slot(n)}).problem;
                    }),
                    1);
  CAF_CHECK_EQUAL(events("recovery_code_used"), 10);
  CAF_CHECK(rows.load_factors({alice, login}).recovery_codes.empty());
}

CAF_TEST(no login is opened by a password alone) {
  turn_on();
  CAF_CHECK_THROWS_AS(open_login(alice, domain::make_uuid_v7()), pqxx::insufficient_privilege);
  CAF_CHECK(!open_login(alice, domain::make_uuid_v7(), challenge_hash));
  CAF_MESSAGE("a challenge that nobody answered opens none either");
  CAF_REQUIRE(!store(messages::put_challenge{challenge_hash}).problem);
  CAF_CHECK_THROWS_AS(open_login(alice, domain::make_uuid_v7(), challenge_hash),
                      pqxx::insufficient_privilege);
  CAF_CHECK(pass(step(101)));
  const auto opened = domain::make_uuid_v7();
  CAF_CHECK(open_login(alice, opened, challenge_hash));
  CAF_MESSAGE("an answer that got lost is repeated");
  CAF_CHECK(open_login(alice, opened, challenge_hash));
  CAF_MESSAGE("but there is one login only");
  CAF_CHECK(!open_login(alice, domain::make_uuid_v7(), challenge_hash));
  CAF_CHECK(open_login(bob, domain::make_uuid_v7()));
}

CAF_TEST(a recovered password does not get around the second factor) {
  turn_on();
  as_admin("INSERT INTO spotter.account_token (user_id, purpose, token_hash, email, expires_at) "
           "SELECT user_id, 'recovery', decode(repeat('61', 32), 'hex'), email, "
           "now() + interval '10 minutes' FROM spotter.app_user WHERE user_id = $1::uuid");
  {
    auto server = database.connect(database_role::writer);
    pqxx::nontransaction tx{server};
    CAF_CHECK_EQUAL(tx.exec("SELECT * FROM spotter.recover_password($1, 'new hash')",
                            pqxx::params{pqxx::bytes_view{
                              reinterpret_cast<const std::byte*>(std::string(32, 'a').data()), 32}})
                      .size(),
                    1);
  }
  CAF_CHECK(rows.load_factors({alice, {}}).totp_confirmed);
  CAF_CHECK_THROWS_AS(open_login(alice, domain::make_uuid_v7(), {}, 1),
                      pqxx::insufficient_privilege);
}

CAF_TEST(a sign in that has begun ends with its password) {
  turn_on();
  const std::string change = "SELECT FROM spotter.change_password($1::uuid, '" + to_string(login)
                             + "', (SELECT password_hash FROM spotter.app_user"
                               " WHERE user_id = $1::uuid), ";
  CAF_REQUIRE(!store(messages::put_challenge{challenge_hash}).problem);
  CAF_CHECK(!problem(messages::find_challenge{challenge_hash}));
  CAF_MESSAGE("the same password under another cost changes nothing");
  as_admin("SELECT spotter.renew_password_hash($1::uuid, (SELECT password_hash FROM "
           "spotter.app_user WHERE user_id = $1::uuid), 'costlier')");
  CAF_CHECK(!problem(messages::find_challenge{challenge_hash}));
  CAF_CHECK(open_login(bob, domain::make_uuid_v7()));
  CAF_MESSAGE("another one ends the challenge, answered or not");
  CAF_CHECK(pass(step(101)));
  as_admin(change + "'new hash')");
  CAF_CHECK(problem(messages::find_challenge{challenge_hash}) == failure_code::not_found);
  CAF_CHECK(!open_login(alice, domain::make_uuid_v7(), challenge_hash));
  CAF_MESSAGE("and who was let in by the old one begins none");
  CAF_CHECK(problem(messages::put_challenge{challenge_hash}) == failure_code::invalid_credentials);
  messages::put_challenge fresh{challenge_hash};
  fresh.credentials = 1;
  CAF_CHECK(!store(fresh).problem);
  CAF_MESSAGE("without a second factor it opens nothing either");
  CAF_REQUIRE(!store(messages::turn_totp_off{}).problem);
  CAF_CHECK(!open_login(alice, domain::make_uuid_v7()));
  CAF_CHECK(open_login(alice, domain::make_uuid_v7(), {}, 1));
}

CAF_TEST(a sign in that waits for a change of the password sees it) {
  const auto opened = domain::make_uuid_v7();
  pqxx::work changing{admin};
  changing.exec("UPDATE spotter.app_user SET credentials_version = credentials_version + 1"
                " WHERE user_id = $1::uuid",
                pqxx::params{to_string(alice)});
  bool applied = true;
  std::thread other{[&] { applied = open_login(alice, opened); }};
  // Until it waits for the row.
  while (count_waiting() == 0)
    std::this_thread::yield();
  changing.commit();
  other.join();
  CAF_CHECK(!applied);
}

CAF_TEST(a challenge has few attempts and a short life) {
  turn_on();
  messages::put_challenge challenge{challenge_hash};
  challenge.attempts = 3;
  CAF_REQUIRE(!store(challenge).problem);
  CAF_CHECK(!store(challenge).problem);
  int left = 0;
  for (int i = 0; i < 10; ++i)
    left += problem(messages::try_challenge{challenge_hash}) ? 0 : 1;
  CAF_CHECK_EQUAL(left, 3);
  CAF_MESSAGE("the last attempt may still be right");
  CAF_CHECK(pass(step(101)));
  CAF_CHECK(!pass(step(102)));
  CAF_MESSAGE("nobody else can answer it");
  CAF_CHECK(rows.pass_challenge({bob, challenge_hash, step(103), device}).who.user_id.is_nil());
  challenge.token_hash = std::string(32, 'd');
  challenge.lifetime_s = -1;
  CAF_REQUIRE(!store(challenge).problem);
  CAF_CHECK(problem(messages::try_challenge{challenge.token_hash}) == failure_code::not_found);
  CAF_CHECK(
    rows.pass_challenge({alice, challenge.token_hash, step(104), device}).who.user_id.is_nil());
  CAF_MESSAGE("and a code that was used answers none");
  challenge.token_hash = std::string(32, 'e');
  challenge.lifetime_s = 60;
  CAF_REQUIRE(!store(challenge).problem);
  CAF_CHECK(
    rows.pass_challenge({alice, challenge.token_hash, step(101), device}).who.user_id.is_nil());
}

CAF_TEST(open challenges are few) {
  turn_on();
  for (char c = 'A'; c <= 'Z'; ++c)
    CAF_REQUIRE(!store(messages::put_challenge{std::string(32, c)}).problem);
  CAF_CHECK_EQUAL(count("SELECT count(*) FROM spotter.mfa_challenge WHERE user_id = $1::uuid"), 10);
  CAF_CHECK(!problem(messages::try_challenge{std::string(32, 'Z')}));
}

CAF_TEST(an api key is found by its hash while it lives) {
  const auto id = domain::make_uuid_v7();
  const messages::put_api_key key{id, "my \"script\"", {"live", "read"}, key_hash, {}};
  const auto made = store(key);
  CAF_REQUIRE(!made.problem);
  CAF_CHECK(made.body.find("my \\\"script\\\"") != std::string::npos);
  CAF_CHECK(made.body.ends_with("}"));
  const auto found = rows.find_api_key({alice, key_hash, device});
  CAF_REQUIRE(found.found);
  CAF_CHECK(found.api_key_id == id);
  CAF_CHECK((found.scopes == std::vector<std::string>{"live", "read"}));
  CAF_CHECK(!found.expires_at);
  CAF_MESSAGE("by nobody else and by nothing else");
  CAF_CHECK(!rows.find_api_key({bob, key_hash, device}).found);
  CAF_CHECK(!rows.find_api_key({alice, std::string(32, 'x'), device}).found);
  CAF_MESSAGE("its first use is an event and the next is not even written");
  CAF_CHECK_EQUAL(events("api_key_first_used"), 1);
  const auto written = count("SELECT count(xmin) FROM spotter.api_key WHERE user_id = $1::uuid "
                             "AND last_used_at > now() - interval '1 minute'");
  CAF_CHECK_EQUAL(written, 1);
  as_admin("UPDATE spotter.api_key SET last_used_at = now() - interval '50 seconds' "
           "WHERE user_id = $1::uuid");
  CAF_CHECK(rows.find_api_key({alice, key_hash, device}).found);
  CAF_CHECK_EQUAL(count("SELECT count(*) FROM spotter.api_key WHERE user_id = $1::uuid "
                        "AND last_used_at < now() - interval '45 seconds'"),
                  1);
  const auto ended = store(messages::revoke_api_key{id});
  CAF_CHECK((ended.ended == std::vector{id}));
  CAF_CHECK(!rows.find_api_key({alice, key_hash, device}).found);
  CAF_CHECK(problem(messages::revoke_api_key{id}) == failure_code::not_found);
  CAF_CHECK_EQUAL(events("api_key_made") + events("api_key_revoked"), 2);
}

CAF_TEST(a key is made once by its id) {
  const auto id = domain::make_uuid_v7();
  messages::put_api_key key{id, "script", {"read"}, key_hash, {}};
  CAF_CHECK(!store(key).repeated);
  CAF_MESSAGE("also where the statement runs again because its answer was lost");
  CAF_CHECK(!store(key).repeated);
  CAF_MESSAGE("and another request for the same gets the same, whose secret stays");
  key.key_hash = std::string(32, 'n');
  const auto again = store(key);
  CAF_CHECK(!again.problem);
  CAF_CHECK(again.repeated);
  CAF_CHECK(again.body.find(to_string(id)) != std::string::npos);
  CAF_CHECK(rows.find_api_key({alice, key_hash, device}).found);
  CAF_CHECK(!rows.find_api_key({alice, key.key_hash, device}).found);
  CAF_CHECK_EQUAL(events("api_key_made"), 1);
  key.scopes = {"read", "write"};
  CAF_CHECK(problem(key) == failure_code::id_reused);
}

CAF_TEST(events of statements that read a table of a function say who asked) {
  CAF_REQUIRE(
    !store(messages::put_api_key{domain::make_uuid_v7(), "n", {"read"}, key_hash, {}}).problem);
  CAF_REQUIRE(rows.find_api_key({alice, key_hash, device}).found);
  for (const std::string kind : {"api_key_made", "api_key_first_used"})
    CAF_CHECK_EQUAL(count("SELECT count(*) FROM spotter.security_event WHERE user_id = $1::uuid "
                          "AND kind = '"
                          + kind + "' AND address = '" + device.address + "' AND request_id = '"
                          + device.request_id + "' AND user_agent = '" + device.user_agent + "'"),
                    1);
}

CAF_TEST(a key that expired is none) {
  messages::put_api_key key{domain::make_uuid_v7(), "n", {"read"}, key_hash, domain::now()};
  CAF_REQUIRE(!store(key).problem);
  CAF_CHECK(!rows.find_api_key({alice, key_hash, device}).found);
}

CAF_TEST(keys are listed page by page) {
  for (int i = 0; i < 5; ++i)
    CAF_REQUIRE(!store(messages::put_api_key{domain::make_uuid_v7(),
                                             "key " + std::to_string(i),
                                             {"read"},
                                             std::string(32, static_cast<char>('0' + i)),
                                             {}})
                   .problem);
  messages::get_api_keys what;
  what.window.limit = 3;
  const auto first = store(what);
  CAF_CHECK(first.body.find("key 4") != std::string::npos);
  CAF_CHECK(first.body.find("key 1") == std::string::npos);
  const auto at = first.body.find("\"next_cursor\":\"") + 15;
  what.window.cursor = first.body.substr(at, first.body.find('"', at) - at);
  const auto second = store(what);
  CAF_CHECK(second.body.find("key 0") != std::string::npos);
  CAF_CHECK(second.body.ends_with("\"next_cursor\":null}"));
  CAF_CHECK(second.body.find("key_hash") == std::string::npos);
}

CAF_TEST(pages of keys go by time and not by ids) {
  std::vector<domain::uuid> ids;
  for (int i = 0; i < 3; ++i)
    ids.push_back(domain::make_uuid_v7());
  std::reverse(ids.begin(), ids.end());
  for (std::size_t i = 0; i < ids.size(); ++i)
    CAF_REQUIRE(!store(messages::put_api_key{ids[i],
                                             "key " + std::to_string(i),
                                             {"read"},
                                             std::string(32, static_cast<char>('0' + i)),
                                             {}})
                   .problem);
  messages::get_api_keys what;
  what.window.limit = 1;
  std::string names;
  for (int i = 0; i < 3; ++i) {
    const auto page = store(what).body;
    names += page.substr(page.find("key "), 5);
    if (const auto at = page.find("\"next_cursor\":\""); at != std::string::npos)
      what.window.cursor = page.substr(at + 15, page.find('"', at + 15) - at - 15);
  }
  CAF_CHECK_EQUAL(names, "key 2key 1key 0");
}

CAF_TEST(secrets stay with those who need them) {
  auto reader = database.connect(database_role::reader);
  for (const char* sql :
       {"SELECT sealed_secret FROM spotter.totp", "SELECT code_hash FROM spotter.recovery_code",
        "SELECT token_hash FROM spotter.mfa_challenge", "SELECT key_hash FROM spotter.api_key"}) {
    pqxx::nontransaction tx{reader};
    CAF_CHECK_THROWS_AS(tx.exec(sql), pqxx::insufficient_privilege);
  }
}

CAF_TEST_FIXTURE_SCOPE_END()
