// The second wall: what the database itself refuses, whatever a query forgets.
#include "persistence/connection.hpp"

#include "tests/persistence/pg_fixture.hpp"

#define CAF_SUITE walls
#include "caf/test/dsl.hpp"

#include <map>
#include <set>

using namespace spotter;
using namespace spotter::persistence;
using spotter::tests::pg_fixture;

namespace {

using texts = std::vector<std::string>;

// Each exception with its reason; anything else that a new table forgets fails a test.

// Tables with user_id that spotter_reader and spotter_writer have no policy for.
const std::map<std::string, std::string> closed_tables{
  {"account_email", "answers before anybody is known, so only spotter_identity may look"},
  {"account_token", "stands for somebody who has not signed in, as account_email"},
};

// Tables whose primary key does not begin with user_id.
const std::map<std::string, std::string> otherwise_keyed{
  {"account_email", "is looked up by address, when the user is not known yet"},
  {"security_event", "may concern nobody known, and is paged through and dropped by time"},
};

// Foreign keys of user tables that do not contain user_id.
const std::map<std::string, std::string> shared_references{
  {"exercise_instance_exercise_fkey", "points at the catalogue, which all users share"},
};

// Tables without user_id.
const std::map<std::string, std::string> shared_tables{
  {"taxonomy", "the muscle graph"},
  {"muscle", "the muscle graph"},
  {"muscle_parent", "the muscle graph"},
  {"exercise", "the catalogue"},
  {"provider_terms", "what providers allow"},
  {"exercise_muscle", "the catalogue"},
  {"exercise_alias", "the catalogue"},
  {"shard", "which node owns which users"},
  {"spotter_migration", "the migrator's own"},
  {"mail_request", "from people who may have no account; only spotter_identity may look"},
  {"node", "the nodes of the cluster"},
  {"cluster", "who leads them"},
  {"signing_key", "of access tokens, sealed; only spotter_identity may look"},
};

struct fixture : pg_fixture {
  pqxx::connection admin = database.superuser();
  domain::uuid alice = database.add_user();
  domain::uuid bob = database.add_user();

  texts column(const std::string& sql) {
    texts out;
    pqxx::nontransaction tx{admin};
    for (auto [value] : tx.query<std::string>(sql))
      out.push_back(value);
    return out;
  }

  /// The tables that hold users' rows, without partitions.
  /// Nobody else's rows; tables that nothing was put into show none.
  [[nodiscard]] bool only_of_alice(const texts& found) const {
    return std::all_of(found.begin(), found.end(),
                       [this](const auto& id) { return id == to_string(alice); });
  }

  texts user_tables() {
    return column("SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'spotter'::regnamespace "
                  "AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND EXISTS (SELECT FROM "
                  "pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'user_id') ORDER BY 1");
  }

  /// One row of every user table for each of two users.
  void fill() {
    auto tables = user_tables();
    pqxx::nontransaction tx{admin};
    for (const auto& user : {alice, bob}) {
      const pqxx::params who{to_string(user)};
      for (
        const char* sql : {
          "INSERT INTO spotter.account_email VALUES ($1 || '@example', $1::uuid)",
          "INSERT INTO spotter.login (user_id, login_id, family_salt, refresh_hash, expires_at) "
          "VALUES ($1, $1, 'salt', 'hash', now())",
          "INSERT INTO spotter.own_exercise (user_id, exercise_id, name, equipment) "
          "VALUES ($1, $1, 'Own', 'none')",
          "INSERT INTO spotter.workout (user_id, workout_id, started_at, time_zone, local_date, "
          "first_seq, version) VALUES ($1, $1, now(), 'UTC', now(), 1, 1)",
          "INSERT INTO spotter.exercise_instance (user_id, exercise_instance_id, workout_id, "
          "own_exercise_id, position, version) VALUES ($1, $1, $1, $1, 0, 1)",
          "INSERT INTO spotter.workout_set (user_id, workout_id, set_id, exercise_instance_id, "
          "position, completed_at, version) VALUES ($1, $1, $1, $1, 0, now(), 1)",
          "INSERT INTO spotter.personal_record (user_id, exercise_id, kind, value, set_id, "
          "achieved_at) VALUES ($1, $1, 1, 1, $1, now())",
          "INSERT INTO spotter.event (user_id, seq, epoch, name, unit_id, at, data) "
          "VALUES ($1, 1, 1, 1, $1, now(), '{}')",
          "INSERT INTO spotter.idempotency_key (user_id, key, fingerprint) VALUES ($1, 'k', 'f')",
          "INSERT INTO spotter.import (user_id, import_id, content_hash, version) "
          "VALUES ($1, $1, 'hash', 1)",
          "INSERT INTO spotter.import_file VALUES ($1, $1, 'content')",
          "INSERT INTO spotter.import_log (user_id, import_id, severity, code, message) "
          "VALUES ($1, $1, 'info', 'c', 'm')",
          "INSERT INTO spotter.job (user_id, job_id, kind, subject_id) "
          "VALUES ($1, $1, 'import', $1)",
          "INSERT INTO spotter.mail (user_id, mail_id, template, recipient) "
          "VALUES ($1, $1, 'recovery', 'someone@example.org')",
          "INSERT INTO spotter.account_token (user_id, purpose, token_hash, email, expires_at) "
          "VALUES ($1, 'recovery', sha256(convert_to($1::uuid::text, 'UTF8')), 'x@example.org', "
          "now())",
          "INSERT INTO spotter.recommendation (user_id, recommendation_id, kind, engine, inputs, "
          "output, version) VALUES ($1, $1, 'next_set', 'e@1', '{}', '{}', 1)",
          "UPDATE spotter.workout SET title = 'changed' WHERE user_id = $1::uuid",
        })
        tx.exec(sql, who);
    }
    // What nothing was put into shows nothing; its policies are checked by the catalogue all the same.
    std::erase_if(tables, [&tx](const std::string& table) {
      return tx.query_value<int>("SELECT count(DISTINCT user_id) FROM spotter." + table) == 0;
    });
    CAF_REQUIRE(tables.size() >= 15);
    for (const auto& table : tables)
      CAF_REQUIRE(tx.query_value<int>("SELECT count(DISTINCT user_id) FROM spotter." + table) == 2);
  }

  /// Everything that `role` can see of a table when the setting names these users.
  texts seen(database_role role, const std::string& setting, const std::string& table) {
    auto connection = database.connect(role);
    pqxx::work tx{connection};
    tx.exec(role == database_role::reader ? set_reader_user_sql : set_writer_users_sql,
            pqxx::params{setting});
    texts out;
    for (auto [user] : tx.query<std::string>("SELECT user_id FROM spotter." + table))
      out.push_back(user);
    return out;
  }

  bool may(const std::string& role, const std::string& table, const std::string& privilege) {
    pqxx::nontransaction tx{admin};
    return tx.query_value<bool>("SELECT has_any_column_privilege('" + role + "', 'spotter." + table
                                + "', '" + privilege + "')");
  }
};

std::string array_of(const domain::uuid& user) {
  return "{" + to_string(user) + "}";
}

} // namespace

CAF_TEST_FIXTURE_SCOPE(wall_tests, fixture)

CAF_TEST(every table of user rows has row level security enabled and forced) {
  CAF_CHECK(user_tables().size() >= 15u);
  const auto open = column(
    "SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'spotter'::regnamespace "
    "AND c.relkind IN ('r', 'p') AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid "
    "AND a.attname = 'user_id') AND NOT (c.relrowsecurity AND c.relforcerowsecurity)");
  CAF_CHECK_EQUAL(open, texts{});
}

CAF_TEST(every table without user_id is known to be shared) {
  for (const auto& table : column(
         "SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'spotter'::regnamespace "
         "AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT EXISTS (SELECT FROM pg_attribute a "
         "WHERE a.attrelid = c.oid AND a.attname = 'user_id')"))
    if (!shared_tables.contains(table))
      CAF_ERROR("a table without user_id is not in the list: " << table);
}

CAF_TEST(reader and writer have one policy each and both ask for the setting) {
  for (const auto& table : user_tables()) {
    if (closed_tables.contains(table)) {
      CAF_CHECK(!may("spotter_reader", table, "SELECT"));
      CAF_CHECK(!may("spotter_writer", table, "SELECT"));
      continue;
    }
    for (std::string role : {"reader", "writer"}) {
      const auto policies =
        column("SELECT coalesce(qual, '') || ' / ' || coalesce(with_check, '') FROM pg_policies "
               "WHERE tablename = '"
               + table + "' AND roles = '{spotter_" + role + "}'");
      if (policies.size() != 1) {
        CAF_ERROR(table << " has " << policies.size() << " policies for " << role);
        continue;
      }
      // In a subselect, so that it is evaluated once and not for each row.
      const auto wanted = role == "reader" ? "SELECT (NULLIF(current_setting('app.user_id'::text"
                                           : "SELECT (NULLIF(current_setting('app.user_ids'::text";
      CAF_CHECK(policies[0].find(wanted) != std::string::npos);
    }
  }
  // Nobody else looks in by a policy of all roles.
  CAF_CHECK_EQUAL(column("SELECT tablename FROM pg_policies WHERE roles = '{public}'"), texts{});
}

CAF_TEST(keys of user tables contain user_id) {
  for (const auto& table :
       column("SELECT c.relname FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid "
              "JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'user_id' "
              "WHERE c.relnamespace = 'spotter'::regnamespace AND k.contype = 'p' "
              "AND NOT c.relispartition AND k.conkey[1] <> a.attnum"))
    if (!otherwise_keyed.contains(table))
      CAF_ERROR("the primary key does not begin with user_id: " << table);
  CAF_CHECK_EQUAL(column("SELECT c.relname FROM pg_class c WHERE c.relkind IN ('r', 'p') "
                         "AND c.relnamespace = 'spotter'::regnamespace AND NOT EXISTS (SELECT FROM "
                         "pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'p')"),
                  texts{});
  for (const auto& constraint : column(
         "SELECT k.conname FROM pg_constraint k JOIN pg_attribute a ON a.attrelid = k.conrelid "
         "AND a.attname = 'user_id' WHERE k.contype = 'f' AND NOT a.attnum = ANY (k.conkey)"))
    if (!shared_references.contains(constraint))
      CAF_ERROR("a foreign key does not contain user_id: " << constraint);
}

CAF_TEST(no role of ours can step over the wall) {
  CAF_CHECK_EQUAL(
    column("SELECT rolname FROM pg_roles WHERE rolname LIKE 'spotter_%' AND rolname <> '"
           + std::string{embedded_superuser}
           + "' AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb)"),
    texts{});
  // SECURITY DEFINER functions run as someone else, and so must not be everybody's.
  CAF_CHECK_EQUAL(column("SELECT p.proname FROM pg_proc p WHERE p.pronamespace = "
                         "'spotter'::regnamespace AND has_function_privilege('public', p.oid, "
                         "'EXECUTE')"),
                  texts{});
  CAF_CHECK_EQUAL(
    column("SELECT p.proname FROM pg_proc p WHERE p.pronamespace = "
           "'spotter'::regnamespace AND p.prosecdef AND NOT coalesce(p.proconfig::text, "
           "'') LIKE '%search_path=%'"),
    texts{});
}

CAF_TEST(a query that forgets whose rows it wants gets none) {
  fill();
  for (const auto& table : user_tables()) {
    if (closed_tables.contains(table))
      continue;
    CAF_CHECK_EQUAL(seen(database_role::reader, "", table), texts{});
    CAF_CHECK(only_of_alice(seen(database_role::reader, to_string(alice), table)));
    if (!may("spotter_writer", table, "SELECT"))
      continue;
    CAF_CHECK_EQUAL(seen(database_role::writer, "", table), texts{});
    CAF_CHECK(only_of_alice(seen(database_role::writer, array_of(alice), table)));
  }
  // The setting ends with its transaction.
  auto connection = database.connect(database_role::reader);
  {
    pqxx::work tx{connection};
    tx.exec(set_reader_user_sql, pqxx::params{to_string(alice)});
    tx.commit();
  }
  pqxx::nontransaction after{connection};
  CAF_CHECK_EQUAL(after.query_value<int>("SELECT count(*) FROM spotter.workout"), 0);
}

CAF_TEST(the owner sees nobody) {
  fill();
  auto connection = database.connect(database_role::migrator);
  pqxx::nontransaction tx{connection};
  tx.exec("SET ROLE spotter_owner");
  for (const auto& table : user_tables())
    CAF_CHECK_EQUAL(tx.query_value<int>("SELECT count(*) FROM spotter." + table), 0);
}

CAF_TEST(rows of another user are out of reach of every write) {
  fill();
  auto connection = database.connect(database_role::writer);
  for (const auto& table : user_tables()) {
    if (closed_tables.contains(table))
      continue;
    for (std::string sql :
         {"UPDATE spotter." + table + " SET version = 99 WHERE user_id = $1::uuid",
          "UPDATE spotter." + table + " SET updated_at = now() WHERE user_id = $1::uuid",
          "DELETE FROM spotter." + table + " WHERE user_id = $1::uuid"}) {
      pqxx::work tx{connection};
      tx.exec(set_writer_users_sql, pqxx::params{array_of(alice)});
      try {
        CAF_CHECK_EQUAL(tx.exec(sql, pqxx::params{to_string(bob)}).affected_rows(), 0);
      } catch (const pqxx::insufficient_privilege&) {
        // Not granted at all: better still.
      } catch (const pqxx::undefined_column&) {
      }
    }
  }
  // Nor given to her, nor taken over.
  for (std::string sql :
       {"INSERT INTO spotter.event (user_id, seq, epoch, name, unit_id, at, data) "
        "VALUES ($1, 2, 1, 1, $1, now(), '{}')",
        "UPDATE spotter.workout SET user_id = $1::uuid"}) {
    pqxx::work tx{connection};
    tx.exec(set_writer_users_sql, pqxx::params{array_of(alice)});
    CAF_CHECK_THROWS_AS(tx.exec(sql, pqxx::params{to_string(bob)}), pqxx::insufficient_privilege);
  }
}

CAF_TEST(the reader writes nothing and the story is never rewritten) {
  for (const auto& table : user_tables())
    for (std::string privilege : {"INSERT", "UPDATE"})
      CAF_CHECK(!may("spotter_reader", table, privilege));
  for (std::string role : {"spotter_reader", "spotter_writer", "spotter_identity"}) {
    CAF_CHECK(!may(role, "event", "UPDATE"));
    CAF_CHECK(!may(role, "audit", "UPDATE"));
    for (std::string table : {"event", "audit", "workout", "workout_set", "exercise_instance"})
      CAF_CHECK_EQUAL(column("SELECT 'no' WHERE has_table_privilege('" + role + "', 'spotter."
                             + table + "', 'DELETE')"),
                      texts{});
  }
}

CAF_TEST(secrets stay with those who need them) {
  const auto sees = [this](const char* role, const char* table, const char* name) {
    pqxx::nontransaction tx{admin};
    return tx.query_value<bool>(
      "SELECT has_column_privilege($1::text, $2::text, $3::text, 'SELECT')",
      pqxx::params{role, std::string{"spotter."} + table, name});
  };
  CAF_CHECK(!sees("spotter_reader", "app_user", "password_hash"));
  CAF_CHECK(!sees("spotter_writer", "app_user", "password_hash"));
  CAF_CHECK(!sees("spotter_reader", "login", "refresh_hash"));
  CAF_CHECK(!sees("spotter_reader", "login", "family_salt"));
  CAF_CHECK(sees("spotter_identity", "app_user", "password_hash"));
}

CAF_TEST_FIXTURE_SCOPE_END()
