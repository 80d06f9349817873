// Mails, mailed tokens, changes of accounts and erasure, as the database keeps them.
#include "persistence/account_store.hpp"

#include "persistence/account_export.hpp"
#include "persistence/identity_rows.hpp"
#include "persistence/job_store.hpp"
#include "tests/persistence/pg_fixture.hpp"

#include "actors/messages/all.hpp"

#define CAF_SUITE account_store
#include "caf/test/dsl.hpp"

#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>

#include <algorithm>

using namespace spotter;
using namespace spotter::persistence;

namespace {

std::string hash_of(char c) {
  return std::string(32, c);
}

struct fixture : tests::pg_fixture {
  caf::actor_system_config config;
  caf::actor_system system{config};
  caf::scoped_actor self{system};
  messages::account_store_actor store =
    spawn_account_store(system, settings(database_role::writer));
  identity_rows identity{settings(database_role::writer)};
  pqxx::connection admin = database.superuser();
  domain::uuid user = domain::make_uuid_v7();
  domain::uuid login = domain::make_uuid_v7();
  std::string email = to_string(user) + "@example.org";

  fixture() {
    messages::add_account account;
    account.who.user_id = user;
    account.who.email = email;
    account.who.display_name = "Ada";
    account.who.created_at = account.who.updated_at = domain::now();
    account.password_hash = "old hash";
    account.login_id = login;
    account.family_salt = "salt";
    account.refresh_hash = "hash";
    account.login_expires = domain::now() + std::chrono::hours{1};
    account.device.user_agent = "phone";
    account.device.address = "192.0.2.7";
    CAF_REQUIRE(identity.add_account(account));
  }

  ~fixture() { self->send_exit(store, caf::exit_reason::user_shutdown); }

  template <class Answer, class Request>
  Answer ask(const Request& request) {
    Answer answer;
    self->request(store, caf::infinite, request)
      .receive([&](Answer& got) { answer = std::move(got); },
               [](const caf::error& error) { CAF_FAIL("no answer: " << error); });
    if constexpr (requires { answer.problem; })
      if (answer.problem)
        CAF_FAIL("refused: " << answer.problem->detail);
    return answer;
  }

  template <class Request>
  messages::logins_ended change(const Request& request) {
    return ask<messages::logins_ended>(request);
  }

  domain::uuid sign_in(const char* device = "phone", const char* address = "192.0.2.7") {
    messages::add_login wanted;
    wanted.user_id = user;
    wanted.login_id = domain::make_uuid_v7();
    wanted.family_salt = "salt";
    wanted.refresh_hash = "hash";
    wanted.login_expires = domain::now() + std::chrono::hours{1};
    wanted.device.user_agent = device;
    wanted.device.address = address;
    wanted.credentials = value<std::int64_t>(
      "SELECT credentials_version FROM spotter.app_user WHERE user_id = '" + to_string(user) + "'");
    CAF_REQUIRE(identity.add_login(wanted).applied);
    return wanted.login_id;
  }

  template <class T = std::string>
  T value(const std::string& sql) {
    pqxx::nontransaction tx{admin};
    return tx.query_value<T>(sql);
  }

  void run(const std::string& sql) {
    pqxx::nontransaction tx{admin};
    tx.exec(sql);
  }

  int mails(const std::string& kind, const std::string& state = "queued") {
    return value<int>("SELECT count(*) FROM spotter.mail WHERE template = '" + kind
                      + "' AND state = '" + state + "'");
  }

  /// Prepares the waiting mail of a kind as a job would, with a token of this hash.
  messages::mail_image prepare(const std::string& kind, const std::string& hash) {
    const auto id = value("SELECT mail_id::text FROM spotter.mail WHERE template = '" + kind
                          + "' AND state = 'queued'");
    return ask<messages::mail_image>(messages::prepare_mail{user, *domain::parse_uuid(id), hash});
  }

  void wish(const char* purpose, const std::string& address, const std::string& from = {}) {
    ask<messages::identity_stored>(messages::ask_for_mail{purpose, address, {"phone", from}});
    ask<messages::mail_requests_sorted>(messages::sort_mail_requests{});
  }

  void grow_old() {
    run("UPDATE spotter.login SET reauthenticated_at = now() - interval '11 minutes'");
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(account_store_tests, fixture)

CAF_TEST(a registration queues one mail and its job) {
  CAF_CHECK_EQUAL(mails("verification"), 1);
  CAF_CHECK_EQUAL(value<int>("SELECT count(*) FROM spotter.job WHERE kind = 'mail'"), 1);
  CAF_CHECK_EQUAL(value<int>("SELECT count(*) FROM spotter.account_token"), 0);
}

CAF_TEST(a token proves its address once) {
  const auto mail = prepare("verification", hash_of('a'));
  CAF_REQUIRE(mail.found && mail.wanted);
  CAF_CHECK_EQUAL(mail.letter.recipient, email);
  const messages::use_address_token use{hash_of('a'), {}};
  CAF_CHECK_EQUAL(ask<messages::address_verified>(use).outcome, "ok");
  CAF_CHECK(value<bool>("SELECT email_verified_at IS NOT NULL FROM spotter.app_user"));
  CAF_CHECK_EQUAL(ask<messages::address_verified>(use).outcome, "unknown");
  CAF_MESSAGE("the version belongs to the story, which has had no event");
  CAF_CHECK_EQUAL(value<int>("SELECT version FROM spotter.app_user"), 0);
}

CAF_TEST(each try to send makes another token and the last one counts) {
  prepare("verification", hash_of('a'));
  prepare("verification", hash_of('b'));
  CAF_CHECK_EQUAL(
    ask<messages::address_verified>(messages::use_address_token{hash_of('a'), {}}).outcome,
    "unknown");
  CAF_CHECK_EQUAL(
    ask<messages::address_verified>(messages::use_address_token{hash_of('b'), {}}).outcome, "ok");
}

CAF_TEST(a token ends after ten minutes and is good for its purpose only) {
  wish("recovery", email);
  prepare("recovery", hash_of('r'));
  CAF_CHECK_EQUAL(
    ask<messages::address_verified>(messages::use_address_token{hash_of('r'), {}}).outcome,
    "unknown");
  CAF_CHECK(ask<messages::credentials>(messages::find_recovery{hash_of('r')}).found);
  CAF_CHECK(value<bool>("SELECT expires_at BETWEEN clock_timestamp() + interval '9 minutes' AND "
                        "clock_timestamp() + interval '10 minutes' FROM spotter.account_token"));
  run("UPDATE spotter.account_token SET expires_at = clock_timestamp()");
  CAF_CHECK(!ask<messages::credentials>(messages::find_recovery{hash_of('r')}).found);
  CAF_CHECK_EQUAL(change(messages::use_recovery_token{hash_of('r'), "new hash", {}}).outcome,
                  "unknown");
  CAF_CHECK_EQUAL(value("SELECT password_hash FROM spotter.app_user"), "old hash");
}

CAF_TEST(recovery sets the password and ends all logins) {
  const auto other = sign_in();
  wish("recovery", email);
  prepare("recovery", hash_of('r'));
  const auto done = change(messages::use_recovery_token{hash_of('r'), "new hash", {}});
  CAF_CHECK_EQUAL(done.outcome, "ok");
  CAF_CHECK_EQUAL(done.user_id, user);
  CAF_CHECK_EQUAL(done.logins.size(), 2u);
  CAF_CHECK_EQUAL(value("SELECT password_hash FROM spotter.app_user"), "new hash");
  CAF_CHECK_EQUAL(
    value<int>("SELECT count(*) FROM spotter.login WHERE revoked_reason = 'recovery'"), 2);
  CAF_CHECK_EQUAL(mails("password_changed"), 1);
  CAF_CHECK_EQUAL(
    value<int>("SELECT count(*) FROM spotter.security_event WHERE kind = 'password_recovered'"), 1);
  CAF_CHECK_EQUAL(change(messages::use_recovery_token{hash_of('r'), "x", {}}).outcome, "unknown");
  static_cast<void>(other);
}

CAF_TEST(unknown addresses leave nothing behind) {
  wish("recovery", "nobody@example.org");
  wish("verify", "nobody@example.org");
  CAF_CHECK_EQUAL(value<int>("SELECT count(*) FROM spotter.mail_request"), 0);
  CAF_CHECK_EQUAL(mails("recovery"), 0);
}

CAF_TEST(a mailbox is not flooded and a new mail replaces one that waits) {
  for (int i = 0; i < 8; ++i)
    wish("recovery", email);
  CAF_CHECK_EQUAL(mails("recovery"), 1);
  CAF_CHECK_EQUAL(mails("recovery", "replaced"), 4);
}

CAF_TEST(a stranger who asks for mails uses up no share but their own) {
  const auto all = [&] { return mails("recovery") + mails("recovery", "replaced"); };
  for (int i = 0; i < 8; ++i)
    wish("recovery", email, "198.51.100." + std::to_string(i));
  CAF_CHECK_EQUAL(all(), 5);
  wish("recovery", email, "203.0.113.9");
  CAF_CHECK_EQUAL(all(), 6);
  CAF_MESSAGE("which a whole network of the newer kind is one of too");
  for (int i = 0; i < 8; ++i)
    wish("recovery", email, "2001:db8:1:" + std::to_string(i) + "::1");
  CAF_CHECK_EQUAL(all(), 11);
  CAF_MESSAGE("many networks come to an end as well");
  for (int i = 0; i < 20; ++i)
    wish("recovery", email, "::ffff:10.0." + std::to_string(i) + ".1");
  CAF_CHECK_EQUAL(all(), 20);
  CAF_MESSAGE("but not for where the owner has signed in from");
  wish("recovery", email, "192.0.2.200");
  CAF_CHECK_EQUAL(all(), 21);
  CAF_CHECK_EQUAL(mails("recovery"), 1);
}

CAF_TEST(an address changes when its token comes and what was mailed before is worth nothing) {
  wish("recovery", email);
  prepare("recovery", hash_of('r'));
  const std::string next = "next." + email;
  CAF_CHECK_EQUAL(change(messages::change_address{user, login, next, {}}).outcome, "ok");
  prepare("address_confirmation", hash_of('n'));
  CAF_CHECK_EQUAL(value("SELECT email FROM spotter.app_user"), email);
  const auto done = ask<messages::address_verified>(messages::use_address_token{hash_of('n'), {}});
  CAF_CHECK_EQUAL(done.outcome, "ok");
  CAF_CHECK_EQUAL(done.email, next);
  CAF_CHECK_EQUAL(value("SELECT email FROM spotter.account_email"), next);
  CAF_CHECK_EQUAL(mails("address_changed"), 1);
  CAF_CHECK(!ask<messages::credentials>(messages::find_recovery{hash_of('r')}).found);
}

CAF_TEST(an address that somebody took meanwhile stays theirs) {
  const std::string next = "next." + email;
  change(messages::change_address{user, login, next, {}});
  prepare("address_confirmation", hash_of('n'));
  const auto other = database.add_user();
  run("INSERT INTO spotter.account_email VALUES ('" + next + "', '" + to_string(other) + "')");
  CAF_CHECK_EQUAL(
    ask<messages::address_verified>(messages::use_address_token{hash_of('n'), {}}).outcome,
    "taken");
  CAF_CHECK_EQUAL(
    value("SELECT email FROM spotter.app_user WHERE user_id = '" + to_string(user) + "'"), email);
}

CAF_TEST(a password changes only where the one that was checked still is) {
  const auto other = sign_in();
  CAF_CHECK_EQUAL(
    change(messages::set_password{user, login, "another hash", "new hash", {}}).outcome, "unknown");
  const auto done = change(messages::set_password{user, login, "old hash", "new hash", {}});
  CAF_CHECK_EQUAL(done.logins, std::vector<domain::uuid>{other});
  CAF_CHECK(
    ask<messages::identity_stored>(messages::renew_password_hash{user, "new hash", "dearer hash"})
      .applied);
  CAF_CHECK(
    !ask<messages::identity_stored>(messages::renew_password_hash{user, "new hash", "dearer hash"})
       .applied);
}

CAF_TEST(sensitive changes want a proof within ten minutes) {
  grow_old();
  CAF_CHECK_EQUAL(change(messages::change_address{user, login, "x@example.org", {}}).outcome,
                  "reauthenticate");
  CAF_CHECK_EQUAL(change(messages::end_login{user, login, login, {}}).outcome, "reauthenticate");
  CAF_CHECK_EQUAL(change(messages::erase_account{user, login, {}}).outcome, "reauthenticate");
  CAF_CHECK_EQUAL(ask<messages::export_allowed>(messages::begin_export{user, login, {}}).outcome,
                  "reauthenticate");
  CAF_CHECK(!ask<messages::credentials>(messages::load_credentials{user, login}).recent);
}

CAF_TEST(logins end one by one or all but one and nobody ends those of others) {
  const auto second = sign_in();
  const auto third = sign_in();
  CAF_CHECK_EQUAL(ask<messages::logins_page>(messages::get_logins{user, {}, 10}).logins.size(), 3u);
  CAF_CHECK_EQUAL(change(messages::end_login{user, login, second, {}}).logins,
                  std::vector<domain::uuid>{second});
  CAF_CHECK_EQUAL(change(messages::end_login{user, login, second, {}}).outcome, "unknown");
  CAF_CHECK_EQUAL(change(messages::end_login{user, login, std::nullopt, {}}).logins,
                  std::vector<domain::uuid>{third});
  const auto stranger = database.add_user();
  CAF_CHECK_EQUAL(change(messages::end_login{stranger, login, login, {}}).outcome,
                  "reauthenticate");
  CAF_CHECK_EQUAL(ask<messages::logins_page>(messages::get_logins{stranger, {}, 10}).logins.size(),
                  0u);
}

CAF_TEST(an administrator ends all access of somebody and the events say who it was) {
  const auto second = sign_in();
  const auto administrator = database.add_user();
  const auto key = to_string(domain::make_uuid_v7());
  run("INSERT INTO spotter.api_key (user_id, api_key_id, name, scopes, key_hash) VALUES ('"
      + to_string(user) + "', '" + key + "', 'k', '{read}', sha256('k'))");
  CAF_CHECK_EQUAL(change(messages::end_access{administrator, user, {}}).outcome, "forbidden");
  CAF_CHECK_EQUAL(value<int>("SELECT count(*) FROM spotter.login WHERE revoked_at IS NULL"), 2);
  run("UPDATE spotter.app_user SET role = 'admin' WHERE user_id = '" + to_string(administrator)
      + "'");
  messages::end_access wish{administrator, user, {}};
  wish.device.address = "192.0.2.99";
  wish.device.request_id = "request-9";
  auto ended = change(wish).logins;
  std::sort(ended.begin(), ended.end());
  std::vector<domain::uuid> wanted{login, second, *domain::parse_uuid(key)};
  std::sort(wanted.begin(), wanted.end());
  CAF_CHECK_EQUAL(ended, wanted);
  CAF_CHECK_EQUAL(value("SELECT string_agg(kind || ' ' || (detail ->> 'ended'), ',') FROM "
                        "spotter.security_event WHERE kind = 'access_ended' AND user_id = '"
                        + to_string(user) + "' AND actor_user_id = '" + to_string(administrator)
                        + "' AND address = '' AND request_id = 'request-9'"),
                  "access_ended 3");
  CAF_CHECK_EQUAL(value<int>("SELECT count(*) FROM spotter.security_event WHERE kind = "
                             "'ended_access' AND request_id = 'request-9' AND address = "
                             "'192.0.2.99' AND user_id = '"
                             + to_string(administrator) + "'"),
                  1);
  CAF_CHECK_EQUAL(value<int>("SELECT count(*) FROM spotter.security_event WHERE address = "
                             "'192.0.2.99' AND user_id = '"
                             + to_string(user) + "'"),
                  0);
  CAF_CHECK_EQUAL(value<int>("SELECT count(*) FROM spotter.security_event WHERE kind = "
                             "'session_revoked' AND actor_user_id = '"
                             + to_string(administrator) + "'"),
                  2);
  CAF_CHECK_EQUAL(change(wish).outcome, "ok");
  CAF_CHECK_EQUAL(change(wish).logins.size(), 0u);
  wish.user_id = domain::make_uuid_v7();
  CAF_CHECK_EQUAL(change(wish).outcome, "unknown");
  run("UPDATE spotter.app_user SET deleted_at = now() WHERE user_id = '" + to_string(administrator)
      + "'");
  wish.user_id = user;
  CAF_CHECK_EQUAL(change(wish).outcome, "forbidden");
}

CAF_TEST(only devices and networks that are new make a mail) {
  sign_in("phone", "192.0.99.1");
  CAF_CHECK_EQUAL(mails("new_sign_in"), 0);
  sign_in("phone", "198.51.100.1");
  CAF_CHECK_EQUAL(mails("new_sign_in"), 1);
  sign_in("watch", "not an address");
  CAF_CHECK_EQUAL(mails("new_sign_in"), 2);
}

CAF_TEST(jobs are claimed by kind) {
  const auto jobs = spawn_job_store(system, settings(database_role::writer));
  const auto claimed = [&](std::vector<std::string> kinds) {
    std::size_t count = 0;
    self
      ->request(jobs, caf::infinite,
                messages::claim_jobs{domain::make_uuid_v7(), 10, 60'000, std::move(kinds)})
      .receive([&count](const messages::claimed_jobs& got) { count = got.jobs.size(); },
               [](const caf::error& error) { CAF_FAIL("no answer: " << error); });
    return count;
  };
  CAF_CHECK_EQUAL(claimed({"import"}), 0u);
  CAF_CHECK_EQUAL(claimed({"import", "mail"}), 1u);
  self->send_exit(jobs, caf::exit_reason::user_shutdown);
}

CAF_TEST(every table of a user lets an erasure reach it) {
  pqxx::nontransaction tx{admin};
  for (auto [table] : tx.query<std::string>(
         "SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'spotter'::regnamespace "
         "AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND EXISTS (SELECT FROM "
         "pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'user_id') "
         "AND NOT (has_table_privilege('spotter_job_runner', c.oid, 'DELETE') AND EXISTS (SELECT "
         "FROM pg_policies p WHERE p.tablename = c.relname AND p.cmd IN ('ALL', 'DELETE') "
         "AND p.roles = '{spotter_job_runner}'))"))
    CAF_ERROR("spotter.let_erase is missing for " << table);
}

CAF_TEST(an account that lives is not erased) {
  self->request(store, caf::infinite, messages::erase_rows{user, 10})
    .receive([](const messages::rows_erased&) { CAF_ERROR("it was"); }, [](const caf::error&) {});
  CAF_CHECK_EQUAL(value<int>("SELECT count(*) FROM spotter.app_user"), 1);
}

CAF_TEST(an erasure goes in batches and takes its own traces along) {
  const auto other = database.add_user();
  for (int i = 0; i < 20; ++i)
    sign_in();
  const auto begun = change(messages::erase_account{user, login, {}});
  CAF_CHECK_EQUAL(begun.logins.size(), 21u);
  CAF_CHECK_EQUAL(value<int>("SELECT count(*) FROM spotter.account_email WHERE user_id = '"
                             + to_string(user) + "'"),
                  0);
  int batches = 0;
  for (int rows = 1; rows > 0; ++batches) {
    rows = ask<messages::rows_erased>(messages::erase_rows{user, 10}).rows;
    CAF_REQUIRE(batches < 100);
  }
  CAF_CHECK(batches > 3);
  CAF_CHECK_EQUAL(value("SELECT kind FROM spotter.job"), "erasure");
  run("UPDATE spotter.job SET state = 'finished'");
  CAF_CHECK_EQUAL(value<int>("SELECT count(*) FROM spotter.job"), 0);
  CAF_CHECK_EQUAL(value<int>("SELECT count(*) FROM spotter.audit"), 0);
  CAF_CHECK_EQUAL(value<int>("SELECT count(*) FROM spotter.security_event"), 0);
  CAF_CHECK_EQUAL(value("SELECT user_id::text FROM spotter.app_user"), to_string(other));
}

CAF_TEST(old mails go with their jobs) {
  run("UPDATE spotter.mail SET state = 'sent', created_at = now() - interval '40 days'");
  run("UPDATE spotter.job SET state = 'finished'");
  auto writer = database.connect(database_role::writer);
  pqxx::nontransaction tx{writer};
  CAF_CHECK_EQUAL(tx.query_value<int>("SELECT spotter.prune_mail(interval '30 days', 100)"), 1);
  CAF_CHECK_EQUAL(value<int>("SELECT count(*) FROM spotter.job"), 0);
}

CAF_TEST(a wish for recovery says whose request it was) {
  ask<messages::identity_stored>(
    messages::ask_for_mail{"recovery", email, {"phone", "192.0.2.8", "request-8", "trace-8"}});
  ask<messages::mail_requests_sorted>(messages::sort_mail_requests{});
  CAF_CHECK_EQUAL(value("SELECT request_id || ' ' || trace_id || ' ' || address FROM "
                        "spotter.security_event WHERE kind = 'recovery_requested' AND user_id = '"
                        + to_string(user) + "'"),
                  "request-8 trace-8 192.0.2.8");
}

CAF_TEST(an export holds the own rows and no secrets) {
  const auto other = database.add_user();
  export_settings how;
  how.connection = settings(database_role::reader);
  const auto exporter = spawn_account_export(system, how);
  messages::export_reply reply;
  self->request(exporter, caf::infinite, messages::build_export{user})
    .receive([&reply](messages::export_reply& got) { reply = std::move(got); },
             [](const caf::error& error) { CAF_FAIL("no answer: " << error); });
  if (reply.problem)
    CAF_FAIL("refused: " << reply.problem->detail);
  CAF_CHECK(reply.archive.view().starts_with("PK"));
  CAF_CHECK(reply.archive.view().find("data/app_user.json") != std::string_view::npos);
  CAF_CHECK(reply.archive.view().find("manifest.json") != std::string_view::npos);
  how.most_content = 10;
  const auto small = spawn_account_export(system, how);
  self->request(small, caf::infinite, messages::build_export{user})
    .receive([&reply](messages::export_reply& got) { reply = std::move(got); },
             [](const caf::error& error) { CAF_FAIL("no answer: " << error); });
  CAF_REQUIRE(reply.problem);
  CAF_CHECK(reply.problem->code == messages::failure_code::too_large);
  self->send_exit(exporter, caf::exit_reason::user_shutdown);
  self->send_exit(small, caf::exit_reason::user_shutdown);
  static_cast<void>(other);
}

CAF_TEST_FIXTURE_SCOPE_END()
