// The second wall: what the database itself refuses, whatever a query forgets.
#define CAF_SUITE walls
#include "tests/persistence/wall_fixture.hpp"

using namespace spotter;
using namespace spotter::persistence;
using namespace spotter::tests;

namespace {

// Each exception with its reason; anything else that a new table forgets fails a test.

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
  {"sealing_key", "names of keys; only spotter_identity may look"},
  {"signing_key", "of access tokens, sealed; only spotter_identity may look"},
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(wall_tests, wall_fixture)

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
