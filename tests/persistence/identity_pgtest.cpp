#include "persistence/identity_store.hpp"

#include "tests/persistence/pg_fixture.hpp"

#include "actors/messages/all.hpp"

#define CAF_SUITE identity_store
#include "caf/test/dsl.hpp"

#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>

using namespace spotter;
using namespace spotter::persistence;
using messages::failure_code;

namespace {

const std::string salt{"\x00\x01 salt \xff", 9};

struct fixture : tests::pg_fixture {
  caf::actor_system_config config;
  caf::actor_system system{config};
  caf::scoped_actor self{system};
  messages::identity_store_actor store = open(2);

  ~fixture() { self->send_exit(store, caf::exit_reason::user_shutdown); }

  messages::identity_store_actor open(std::size_t workers) {
    identity_store_settings options;
    options.connection = settings(database_role::writer);
    options.connection.application_name = "identity_pgtest";
    options.workers = workers;
    return spawn_identity_store(system, options);
  }

  template <class Answer, class Request>
  Answer ask(const Request& request) {
    Answer answer;
    self->request(store, caf::infinite, request)
      .receive([&](Answer& got) { answer = std::move(got); },
               [](const caf::error& error) { CAF_FAIL("no answer: " << error); });
    return answer;
  }

  template <class Request>
  bool apply(const Request& request) {
    const auto stored = ask<messages::identity_stored>(request);
    if (stored.problem)
      CAF_FAIL("not stored: " << stored.problem->detail);
    return stored.applied;
  }

  messages::login_image load(const messages::add_account& account) {
    return ask<messages::login_image>(messages::load_login{account.who.user_id, account.login_id});
  }
};

/// A person whom no other test has.
messages::add_account new_account(const std::string& name) {
  messages::add_account account;
  account.who.user_id = domain::make_uuid_v7();
  account.who.email = name + "." + to_string(account.who.user_id) + "@example.org";
  account.who.display_name = "Ada \u263a";
  account.who.time_zone = "Europe/London";
  account.who.unit = domain::weight_unit::lb;
  account.who.created_at = account.who.updated_at =
    *domain::parse_rfc3339("2026-03-01T17:04:05.123Z");
  account.password_hash = "$argon2id$secret";
  account.login_id = domain::make_uuid_v7();
  account.family_salt = salt;
  account.refresh_hash = "hash of generation 1";
  account.login_expires = domain::from_millis(domain::to_millis(domain::now()) + 3'600'000);
  account.device = {"phone", "192.0.2.7"};
  return account;
}

messages::rotate_login rotation(const messages::add_account& account, std::int32_t from) {
  return {account.who.user_id,
          account.login_id,
          from,
          "hash of generation " + std::to_string(from + 1),
          {"watch", "::1"}};
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(identity_store_tests, fixture)

CAF_TEST(an account comes back as it was stored) {
  const auto account = new_account("ada");
  CAF_REQUIRE(apply(account));
  const auto found = ask<messages::account_image>(messages::find_account{account.who.email});
  CAF_REQUIRE(found.found);
  CAF_CHECK_EQUAL(found.password_hash, account.password_hash);
  CAF_CHECK_EQUAL(caf::deep_to_string(found.who), caf::deep_to_string(account.who));
  const auto login = load(account);
  CAF_REQUIRE(login.found);
  CAF_CHECK(!login.revoked);
  CAF_CHECK_EQUAL(login.generation, 1);
  CAF_CHECK_EQUAL(login.family_salt, salt);
  CAF_CHECK_EQUAL(login.refresh_hash, account.refresh_hash);
  CAF_CHECK(login.expires_at == account.login_expires);
  CAF_CHECK(login.rotated_at <= login.read_at);
  CAF_CHECK_EQUAL(caf::deep_to_string(login.who), caf::deep_to_string(account.who));
}

CAF_TEST(nobody is found where nobody is) {
  CAF_CHECK(!ask<messages::account_image>(messages::find_account{"nobody@example.org"}).found);
  CAF_CHECK(!load(new_account("nobody")).found);
}

CAF_TEST(an address that differs in case only is taken) {
  const auto first = new_account("ada");
  CAF_REQUIRE(apply(first));
  auto second = new_account("other");
  second.who.email = "ADA" + first.who.email.substr(3);
  CAF_CHECK(!apply(second));
  CAF_MESSAGE("and nothing of the second account is left");
  CAF_CHECK(!load(second).found);
  CAF_MESSAGE("the first is found by either");
  const auto found = ask<messages::account_image>(messages::find_account{second.who.email});
  CAF_CHECK(found.who.user_id == first.who.user_id);
}

CAF_TEST(storing an account again is what it was the first time) {
  const auto account = new_account("ada");
  CAF_CHECK(apply(account));
  CAF_CHECK(apply(account));
  CAF_CHECK_EQUAL(load(account).generation, 1);
}

CAF_TEST(an account can have several logins) {
  const auto account = new_account("ada");
  CAF_REQUIRE(apply(account));
  messages::add_login login{account.who.user_id, domain::make_uuid_v7(), salt,
                            "another hash",      account.login_expires,  {"watch", "::1"}};
  CAF_CHECK(apply(login));
  CAF_CHECK(apply(login)); // repeated after a lost answer
  CAF_CHECK_EQUAL(
    ask<messages::login_image>(messages::load_login{login.user_id, login.login_id}).refresh_hash,
    "another hash");
  CAF_MESSAGE("a person that is not there can have none");
  login.user_id = domain::make_uuid_v7();
  CAF_CHECK(!apply(login));
}

CAF_TEST(a login moves on from where it stands only) {
  const auto account = new_account("ada");
  CAF_REQUIRE(apply(account));
  CAF_CHECK(apply(rotation(account, 1)));
  CAF_CHECK(!apply(rotation(account, 1)));
  CAF_CHECK(!apply(rotation(account, 3)));
  const auto login = load(account);
  CAF_CHECK_EQUAL(login.generation, 2);
  CAF_CHECK_EQUAL(login.refresh_hash, "hash of generation 2");
}

CAF_TEST(of two connections that rotate at once exactly one does) {
  const auto account = new_account("ada");
  CAF_REQUIRE(apply(account));
  for (std::int32_t generation = 1; generation <= 20; ++generation) {
    int applied = 0;
    auto first = self->request(store, caf::infinite, rotation(account, generation));
    auto second = self->request(store, caf::infinite, rotation(account, generation));
    for (auto* pending : {&first, &second})
      pending->receive(
        [&](const messages::identity_stored& stored) { applied += stored.applied ? 1 : 0; },
        [](const caf::error& error) { CAF_FAIL("no answer: " << error); });
    CAF_CHECK_EQUAL(applied, 1);
  }
  CAF_CHECK_EQUAL(load(account).generation, 21);
}

CAF_TEST(an ended login stays where it is) {
  const auto account = new_account("ada");
  CAF_REQUIRE(apply(account));
  const messages::revoke_login end{account.who.user_id, account.login_id, "reuse"};
  CAF_CHECK(apply(end));
  CAF_CHECK(!apply(end));
  CAF_CHECK(!apply(rotation(account, 1)));
  CAF_CHECK(load(account).revoked);
}

CAF_TEST(an expired login does not move on) {
  auto account = new_account("ada");
  account.login_expires = domain::from_millis(domain::to_millis(domain::now()) - 60'000);
  CAF_REQUIRE(apply(account));
  CAF_CHECK(!apply(rotation(account, 1)));
}

CAF_TEST(a login is found under its own user only) {
  const auto ada = new_account("ada");
  const auto bob = new_account("bob");
  CAF_REQUIRE(apply(ada));
  CAF_REQUIRE(apply(bob));
  const messages::load_login mixed{bob.who.user_id, ada.login_id};
  CAF_CHECK(!ask<messages::login_image>(mixed).found);
  CAF_CHECK(!apply(messages::revoke_login{bob.who.user_id, ada.login_id, "logout"}));
}

CAF_TEST(the writer sees no password and no directory and nobody it did not name) {
  const auto account = new_account("ada");
  CAF_REQUIRE(apply(account));
  auto writer = database.connect(database_role::writer);
  auto count = [&](std::string_view sql) {
    pqxx::nontransaction tx{writer};
    return tx.exec(sql).one_field().as<int>();
  };
  CAF_CHECK_THROWS_AS(count("SELECT count(password_hash) FROM spotter.app_user"),
                      pqxx::insufficient_privilege);
  CAF_CHECK_THROWS_AS(count("SELECT count(*) FROM spotter.account_email"),
                      pqxx::insufficient_privilege);
  CAF_CHECK_EQUAL(count("SELECT count(*) FROM spotter.login"), 0);
  CAF_CHECK_EQUAL(count("SELECT count(user_id) FROM spotter.app_user"), 0);
  pqxx::work tx{writer};
  tx.exec(set_writer_users_sql, pqxx::params{"{" + to_string(account.who.user_id) + "}"});
  CAF_CHECK_EQUAL(tx.exec("SELECT count(*) FROM spotter.login").one_field().as<int>(), 1);
}

CAF_TEST(readers may not call what looks across users) {
  auto reader = database.connect(database_role::reader);
  pqxx::nontransaction tx{reader};
  CAF_CHECK_THROWS_AS(tx.exec("SELECT * FROM spotter.find_account('ada@example.org')"),
                      pqxx::insufficient_privilege);
}

CAF_TEST(what a login was before is in the audit without its secrets) {
  const auto account = new_account("ada");
  CAF_REQUIRE(apply(account));
  CAF_REQUIRE(apply(rotation(account, 1)));
  auto reader = database.connect(database_role::reader);
  pqxx::work tx{reader};
  tx.exec(set_reader_user_sql, pqxx::params{to_string(account.who.user_id)});
  const auto rows = tx.exec("SELECT old ->> 'generation', old ? 'refresh_hash',"
                            "       old ? 'family_salt'"
                            "  FROM spotter.audit WHERE table_name = 'login'");
  CAF_REQUIRE_EQUAL(rows.size(), 1);
  CAF_CHECK_EQUAL(rows[0][0].as<int>(), 1);
  CAF_CHECK(!rows[0][1].as<bool>());
  CAF_CHECK(!rows[0][2].as<bool>());
}

CAF_TEST(a broken connection is opened again by itself) {
  self->send_exit(store, caf::exit_reason::user_shutdown);
  store = open(1);
  const auto account = new_account("ada");
  CAF_REQUIRE(apply(account));
  auto superuser = database.superuser();
  pqxx::nontransaction tx{superuser};
  for (int i = 1; i <= 3; ++i) {
    const auto ended = tx.exec("SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity"
                               " WHERE application_name = 'identity_pgtest'");
    CAF_CHECK(ended.one_field().as<int>() >= 1);
    CAF_CHECK(apply(rotation(account, i)));
  }
}

CAF_TEST(a database that is not there is said to be unavailable) {
  identity_store_settings options;
  options.connection.server = "host=/nowhere/at/all";
  options.connection.role = database_role::writer;
  self->send_exit(store, caf::exit_reason::user_shutdown);
  store = spawn_identity_store(system, options);
  const auto stored = ask<messages::identity_stored>(new_account("ada"));
  CAF_REQUIRE(stored.problem.has_value());
  CAF_CHECK(stored.problem->code == failure_code::unavailable);
  CAF_CHECK(stored.problem->retry_after_ms > 0);
  self->request(store, caf::infinite, messages::find_account{"ada@example.org"})
    .receive([](const messages::account_image&) { CAF_FAIL("an answer from nowhere"); },
             [](const caf::error& error) { CAF_CHECK(error == caf::sec::runtime_error); });
}

CAF_TEST(what exceeds the backlog is refused at once) {
  identity_store_settings options;
  options.connection = settings(database_role::writer);
  options.max_backlog = 0;
  self->send_exit(store, caf::exit_reason::user_shutdown);
  store = spawn_identity_store(system, options);
  const auto stored = ask<messages::identity_stored>(new_account("ada"));
  CAF_REQUIRE(stored.problem.has_value());
  CAF_CHECK(stored.problem->code == failure_code::overloaded);
  self->request(store, caf::infinite, messages::find_account{"ada@example.org"})
    .receive(
      [](const messages::account_image&) { CAF_FAIL("an answer beyond the limit"); },
      [](const caf::error& error) { CAF_CHECK(error == caf::sec::unavailable_or_would_block); });
}

CAF_TEST(addresses of past logins are known but not those of stolen tokens) {
  const auto account = new_account("addresses");
  apply(account);
  const auto known = [&] {
    return ask<messages::known_addresses>(messages::load_addresses{account.who.email}).addresses;
  };
  CAF_CHECK_EQUAL(known(), std::vector<std::string>{"192.0.2.7"});
  const auto sign_in = [&](const char* address, const char* ended) {
    messages::add_login login;
    login.user_id = account.who.user_id;
    login.login_id = domain::make_uuid_v7();
    login.family_salt = salt;
    login.refresh_hash = "hash";
    login.login_expires = account.login_expires;
    login.device = {"tablet", address};
    apply(login);
    apply(messages::revoke_login{login.user_id, login.login_id, ended});
  };
  sign_in("198.51.100.1", "logout");
  sign_in("203.0.113.9", "reuse");
  CAF_CHECK_EQUAL(known(), (std::vector<std::string>{"198.51.100.1", "192.0.2.7"}));
  CAF_CHECK(ask<messages::known_addresses>(messages::load_addresses{"nobody@example.org"})
              .addresses.empty());
}

CAF_TEST_FIXTURE_SCOPE_END()
