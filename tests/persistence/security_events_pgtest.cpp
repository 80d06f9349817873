// Security events: written by the database, read by their owners and administrators, rewritten by
// nobody.
#include "persistence/repository/security_event_repository.hpp"

#include "persistence/identity_rows.hpp"
#include "persistence/repository/job_repository.hpp"
#include "tests/persistence/pg_fixture.hpp"

#define CAF_SUITE security_events
#include "caf/test/dsl.hpp"

using namespace spotter;
using namespace spotter::persistence;
using spotter::tests::pg_fixture;

namespace {

struct fixture : pg_fixture {
  domain::uuid alice = database.add_user();
  domain::uuid bob = database.add_user();
  pqxx::connection admin = database.superuser();
  read_connection db{settings(database_role::reader)};
  identity_rows rows{settings(database_role::writer)};
  domain::uuid login = domain::make_uuid_v7();

  void sign_in(const domain::uuid& user) {
    messages::add_login request;
    request.user_id = user;
    request.login_id = login;
    request.family_salt = request.refresh_hash = "x";
    request.login_expires = domain::now() + std::chrono::hours{1};
    request.device = {"phone", "192.0.2.1", "request-1", "trace-1"};
    CAF_REQUIRE(rows.add_login(request).applied);
  }

  void note(const std::string& kind, const domain::uuid& user) {
    rows.note_event({kind, user, {}, {"phone", "192.0.2.1", "r", "t"}});
  }

  std::string own(const domain::uuid& user, messages::get_security_events what = {}) {
    auto result = read_security_events(db, user, what);
    CAF_REQUIRE(std::holds_alternative<messages::rendered>(result));
    return std::string{std::get<messages::rendered>(result).body.view()};
  }

  std::string kinds() {
    pqxx::nontransaction tx{admin};
    return tx.query_value<std::string>(
      "SELECT coalesce(string_agg(kind, ' ' ORDER BY security_event_id), '') "
      "FROM spotter.security_event");
  }
};

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string cursor_in(const std::string& body) {
  const auto at = body.find("\"next_cursor\":\"");
  if (at == std::string::npos)
    return {};
  const auto begin = at + 15;
  return body.substr(begin, body.find('"', begin) - begin);
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(security_event_tests, fixture)

CAF_TEST(each way to open and end a login leaves its event) {
  sign_in(alice);
  messages::revoke_login end{
    alice, login, "logout", {"phone", "192.0.2.9", "request-2", "trace-2"}};
  CAF_CHECK(rows.revoke_login(end));
  CAF_CHECK(!rows.revoke_login(end));
  CAF_CHECK_EQUAL(kinds(), "signed_in signed_out");
  const auto text = own(alice);
  CAF_CHECK(has(text, "\"address\":\"192.0.2.9\""));
  CAF_CHECK(has(text, "\"request_id\":\"request-1\""));
  CAF_CHECK(has(text, "\"trace_id\":\"trace-2\""));
  CAF_CHECK(has(text, "\"detail\":{\"reason\": \"logout\"}"));
  login = domain::make_uuid_v7();
  sign_in(alice);
  CAF_CHECK(rows.revoke_login({alice, login, "reuse", {}}));
  login = domain::make_uuid_v7();
  sign_in(alice);
  CAF_CHECK(rows.revoke_login({alice, login, "password_changed", {}}));
  CAF_CHECK_EQUAL(kinds(), "signed_in signed_out signed_in refresh_token_reused signed_in "
                           "session_revoked");
}

CAF_TEST(a role that an operator gives leaves its event) {
  auto operators = database.connect(database_role::migrator);
  pqxx::nontransaction tx{operators};
  pqxx::nontransaction look{admin};
  look.exec("INSERT INTO spotter.account_email SELECT 'alice@example.org', $1::uuid",
            pqxx::params{to_string(alice)});
  CAF_CHECK(tx.query_value<bool>("SELECT spotter.set_role('alice@example.org', 'coach')"));
  CAF_CHECK_EQUAL(look.query_value<std::string>(
                    "SELECT detail ->> 'to' FROM spotter.security_event WHERE user_id = $1::uuid",
                    pqxx::params{to_string(alice)}),
                  "coach");
}

CAF_TEST(a person reads what concerns this person only) {
  sign_in(alice);
  note("sign_in_failed", {});
  note("sign_in_failed", bob);
  CAF_CHECK(has(own(alice), "signed_in"));
  CAF_CHECK(!has(own(alice), "sign_in_failed"));
  CAF_CHECK(has(own(bob), "sign_in_failed"));
  messages::get_security_events filtered;
  filtered.filter.kind = "signed_out";
  CAF_CHECK_EQUAL(own(alice, filtered), R"({"items":[],"next_cursor":null})");
}

CAF_TEST(a person reads who else it was but not from where) {
  rows.note_event({"shared_data_read", alice, bob, {"coach's phone", "192.0.2.7", "r-7", "t-7"}});
  const auto text = own(alice);
  CAF_CHECK(has(text, to_string(bob)));
  CAF_CHECK(has(text, "r-7"));
  CAF_CHECK(!has(text, "192.0.2.7"));
  CAF_CHECK(!has(text, "coach's phone"));
  note("sign_in_failed", alice);
  CAF_CHECK(has(own(alice), "192.0.2.1"));
}

CAF_TEST(pages hold each event once while others come) {
  for (int i = 0; i < 5; ++i)
    note("event_" + std::string(1, static_cast<char>('a' + i)), alice);
  messages::get_security_events what;
  what.window.limit = 2;
  std::string all;
  int pages = 0;
  do {
    const auto body = own(alice, what);
    what.window.cursor = cursor_in(body);
    all += body;
    ++pages;
    note("later_event", alice);
  } while (!what.window.cursor.empty());
  CAF_CHECK_EQUAL(pages, 3);
  for (char c = 'a'; c < 'f'; ++c)
    CAF_CHECK(has(all, "event_" + std::string(1, c)));
  CAF_CHECK(!has(all, "later_event"));
  what.window.cursor = "nonsense";
  CAF_CHECK(std::holds_alternative<messages::failure>(read_security_events(db, alice, what)));
}

CAF_TEST(the audit asks the database whether the caller is an administrator) {
  note("sign_in_failed", bob);
  note("sign_in_failed", {});
  const auto refused = read_security_audit(db, alice, {});
  CAF_REQUIRE(std::holds_alternative<messages::failure>(refused));
  CAF_CHECK(std::get<messages::failure>(refused).code == messages::failure_code::forbidden);
  pqxx::nontransaction tx{admin};
  tx.exec("UPDATE spotter.app_user SET role = 'admin' WHERE user_id = $1::uuid",
          pqxx::params{to_string(alice)});
  const auto all = read_security_audit(db, alice, {});
  CAF_REQUIRE(std::holds_alternative<messages::rendered>(all));
  const std::string text{std::get<messages::rendered>(all).body.view()};
  CAF_CHECK(has(text, to_string(bob)));
  CAF_CHECK(has(text, "\"user_id\":null"));
  messages::get_security_audit of_bob;
  of_bob.user_id = bob;
  const auto one = read_security_audit(db, alice, of_bob);
  CAF_CHECK(!has(std::string{std::get<messages::rendered>(one).body.view()}, "\"user_id\":null"));
}

CAF_TEST(administrators leave an event where they look) {
  sign_in(bob);
  pqxx::nontransaction tx{admin};
  tx.exec("UPDATE spotter.app_user SET role = 'admin' WHERE user_id = $1::uuid",
          pqxx::params{to_string(alice)});
  messages::get_security_audit of_bob;
  of_bob.user_id = bob;
  of_bob.filter.kind = "signed_in";
  of_bob.device = {"desk", "192.0.2.5", "request-5", "trace-5"};
  const auto page = read_security_audit(db, alice, of_bob);
  CAF_CHECK(!has(std::string{std::get<messages::rendered>(page).body.view()}, "audit_read"));
  CAF_CHECK_EQUAL(
    tx.query_value<int>("SELECT count(*) FROM spotter.security_event WHERE kind = 'audit_read' AND "
                        "user_id = $1::uuid AND actor_user_id = $2::uuid AND address = '192.0.2.5' "
                        "AND request_id = 'request-5' AND detail = '{\"kind\": \"signed_in\"}'",
                        pqxx::params{to_string(bob), to_string(alice)}),
    1);
  CAF_MESSAGE("whom it concerns reads that, too");
  CAF_CHECK(has(own(bob), "audit_read"));
}

CAF_TEST(jobs are read by administrators only page by page) {
  pqxx::nontransaction tx{admin};
  for (int i = 0; i < 3; ++i)
    tx.exec("INSERT INTO spotter.job (user_id, job_id, kind, subject_id, state, reason) VALUES "
            "($1, $2, $3, $2, $4, 'no route')",
            pqxx::params{i == 0 ? to_string(domain::uuid{}) : to_string(bob),
                         to_string(domain::make_uuid_v7()), i == 0 ? "reseal" : "mail",
                         i == 2 ? "dead" : "queued"});
  messages::get_jobs what;
  const auto refused = read_jobs(db, alice, what);
  CAF_REQUIRE(std::holds_alternative<messages::failure>(refused));
  CAF_CHECK(std::get<messages::failure>(refused).code == messages::failure_code::forbidden);
  tx.exec("UPDATE spotter.app_user SET role = 'admin' WHERE user_id = $1::uuid",
          pqxx::params{to_string(alice)});
  const auto text = [&] {
    return std::string{std::get<messages::rendered>(read_jobs(db, alice, what)).body.view()};
  };
  what.window.limit = 2;
  what.device = {"desk", "192.0.2.5", "request-6", "trace-6"};
  auto page = text();
  CAF_CHECK(page.find("\"state\":\"dead\"") < page.find("\"state\":\"queued\""));
  CAF_CHECK(has(page, "\"reason\":\"no route\""));
  CAF_CHECK(!has(page, "reseal"));
  what.window.cursor = cursor_in(page);
  page = text();
  CAF_CHECK(has(page, "\"kind\":\"reseal\",\"state\":\"queued\",\"user_id\":null"));
  CAF_CHECK(has(page, "\"next_cursor\":null"));
  what.window.cursor.clear();
  what.state = "dead";
  CAF_CHECK(!has(text(), "queued"));
  what.kind = "reseal";
  CAF_CHECK(has(text(), "\"items\":[]"));
  CAF_CHECK_EQUAL(
    tx.query_value<int>("SELECT count(*) FROM spotter.security_event WHERE kind = 'jobs_read' AND "
                        "actor_user_id = $1::uuid AND request_id = 'request-6'",
                        pqxx::params{to_string(alice)}),
    4);
  what.window.cursor = "nonsense";
  CAF_CHECK(std::holds_alternative<messages::failure>(read_jobs(db, alice, what)));
}

CAF_TEST(no role of the server can change or remove an event and neither can its partitions) {
  sign_in(alice);
  std::vector<std::string> tables;
  {
    pqxx::nontransaction tx{admin};
    for (auto [name] :
         tx.query<std::string>("SELECT c.relname FROM pg_class c WHERE c.relname LIKE "
                               "'security\\_event%' AND c.relkind IN ('r', 'p')"))
      tables.push_back(name);
  }
  CAF_CHECK(tables.size() > 12u);
  for (auto role : {database_role::reader, database_role::writer}) {
    auto connection = database.connect(role);
    for (const auto& table : tables)
      for (const std::string& sql :
           {"UPDATE spotter." + table + " SET kind = 'nothing'", "DELETE FROM spotter." + table,
            "TRUNCATE spotter." + table, "DROP TABLE spotter." + table}) {
        pqxx::work tx{connection};
        if (role == database_role::writer)
          tx.exec(set_writer_users_sql, pqxx::params{"{" + to_string(alice) + "}"});
        CAF_CHECK_THROWS_AS(tx.exec(sql), pqxx::insufficient_privilege);
      }
  }
  {
    pqxx::nontransaction tx{admin};
    // Not by way of the role that owns the functions either.
    for (const auto& table : tables)
      for (const char* privilege : {"UPDATE", "DELETE", "TRUNCATE"})
        CAF_CHECK(!tx.query_value<bool>(
          "SELECT has_table_privilege('spotter_identity', $1::text, $2::text)",
          pqxx::params{"spotter." + table, privilege}));
  }
  CAF_CHECK_EQUAL(kinds(), "signed_in");
}

CAF_TEST(the writer marks no account as deleted to have its events erased) {
  sign_in(alice);
  auto connection = database.connect(database_role::writer);
  pqxx::work tx{connection};
  tx.exec(set_writer_users_sql, pqxx::params{"{" + to_string(alice) + "}"});
  CAF_CHECK_THROWS_AS(tx.exec("UPDATE spotter.app_user SET deleted_at = now()"),
                      pqxx::insufficient_privilege);
  CAF_CHECK_EQUAL(kinds(), "signed_in");
}

CAF_TEST(whole months go when they are old enough and never earlier) {
  pqxx::nontransaction tx{admin};
  tx.exec("CREATE TABLE spotter.security_event_2020_01 PARTITION OF spotter.security_event "
          "FOR VALUES FROM ('2020-01-01') TO ('2020-02-01')");
  tx.exec("ALTER TABLE spotter.security_event_2020_01 OWNER TO spotter_owner");
  auto writer = database.connect(database_role::writer);
  pqxx::nontransaction server{writer};
  CAF_CHECK_THROWS_AS(server.exec("SELECT spotter.drop_security_event_partitions('89 days')"),
                      pqxx::sql_error);
  CAF_CHECK_EQUAL(
    server.query_value<int>("SELECT spotter.drop_security_event_partitions('20000 days')"), 0);
  CAF_CHECK_EQUAL(
    server.query_value<int>("SELECT spotter.drop_security_event_partitions('400 days')"), 1);
  note("sign_in_failed", alice); // this month is still there
}

CAF_TEST(erasing a person reaches the events but not while the account lives) {
  sign_in(alice);
  rows.note_event({"shared_data_read", bob, alice, {}});
  auto writer = database.connect(database_role::writer);
  pqxx::nontransaction server{writer};
  const auto erase = [&] {
    return server.query_value<int>("SELECT spotter.erase_security_events($1)",
                                   pqxx::params{to_string(alice)});
  };
  CAF_CHECK_THROWS_AS(erase(), pqxx::insufficient_privilege);
  {
    pqxx::nontransaction tx{admin};
    tx.exec("UPDATE spotter.app_user SET deleted_at = now() WHERE user_id = $1::uuid",
            pqxx::params{to_string(alice)});
    CAF_CHECK_EQUAL(erase(), 1);
    CAF_CHECK_EQUAL(
      tx.query_value<int>("SELECT count(*) FROM spotter.security_event e WHERE to_jsonb(e)::text "
                          "LIKE '%' || $1::text || '%'",
                          pqxx::params{to_string(alice)}),
      0);
  }
  CAF_CHECK_EQUAL(kinds(), "shared_data_read");
}

CAF_TEST_FIXTURE_SCOPE_END()
