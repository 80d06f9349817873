// What the database keeps by itself: times, versions, audit, fences, leases.
#include "persistence/connection.hpp"

#include "tests/persistence/pg_fixture.hpp"

#define CAF_SUITE keeping
#include "caf/test/dsl.hpp"

using namespace spotter;
using namespace spotter::persistence;
using spotter::tests::pg_fixture;

namespace {

struct fixture : pg_fixture {
  domain::uuid alice = database.add_user();
  domain::uuid workout = domain::make_uuid_v7();
  pqxx::connection writer = database.connect(database_role::writer);
  pqxx::connection admin = database.superuser();

  fixture() {
    as_writer(
      "INSERT INTO spotter.workout (user_id, workout_id, started_at, time_zone, local_date, "
      "first_seq, version) VALUES ($1, $2, now(), 'UTC', now(), 1, 5)");
  }

  /// Runs one statement for alice, with $1 her id and $2 the workout's.
  void as_writer(const std::string& sql) {
    pqxx::work tx{writer};
    tx.exec(set_writer_users_sql, pqxx::params{"{" + to_string(alice) + "}"});
    const auto used = sql.find("$2") != std::string::npos;
    tx.exec(sql, used ? pqxx::params{to_string(alice), to_string(workout)}
                      : pqxx::params{to_string(alice)});
    tx.commit();
  }

  template <class T>
  T ask(const std::string& sql) {
    return pqxx::nontransaction{admin}.query_value<T>(sql);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(keeping_tests, fixture)

CAF_TEST(an update that forgets time and version gets both) {
  as_writer("UPDATE spotter.workout SET title = 'x' WHERE user_id = $1::uuid");
  CAF_CHECK_EQUAL(ask<int>("SELECT version FROM spotter.workout"), 6);
  CAF_CHECK(ask<bool>("SELECT updated_at > created_at FROM spotter.workout"));
}

CAF_TEST(a version never goes back and one that goes forward stays) {
  as_writer("UPDATE spotter.workout SET version = 3 WHERE user_id = $1::uuid");
  CAF_CHECK_EQUAL(ask<int>("SELECT version FROM spotter.workout"), 6);
  as_writer("UPDATE spotter.workout SET version = 11, updated_at = '2030-01-01' "
            "WHERE user_id = $1::uuid");
  CAF_CHECK_EQUAL(ask<int>("SELECT version FROM spotter.workout"), 11);
  CAF_CHECK(ask<bool>("SELECT updated_at = '2030-01-01' FROM spotter.workout"));
}

CAF_TEST(every table with updated_at has a trigger for it) {
  CAF_CHECK_EQUAL(
    ask<std::string>("SELECT coalesce(string_agg(c.relname, ', '), '') FROM pg_class c "
                     "JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'updated_at' "
                     "WHERE c.relnamespace = 'spotter'::regnamespace AND c.relkind = 'r' "
                     "AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid "
                     "AND t.tgname = c.relname || '_touch')"),
    "");
}

CAF_TEST(an update leaves the old row in the audit with who and when) {
  as_writer("UPDATE spotter.workout SET title = 'new' WHERE user_id = $1::uuid");
  CAF_CHECK_EQUAL(ask<int>("SELECT count(*) FROM spotter.audit"), 1);
  CAF_CHECK_EQUAL(
    ask<std::string>("SELECT concat_ws(' ', actor, table_name, action, old ->> 'title', "
                     "old ->> 'version', user_id = (old ->> 'user_id')::uuid) "
                     "FROM spotter.audit"),
    "spotter_writer workout update  5 t");
  CAF_CHECK_EQUAL(ask<std::string>("SELECT row_key::text FROM spotter.audit"), to_string(workout));
  CAF_CHECK(
    ask<bool>("SELECT at BETWEEN now() - interval '1 minute' AND now() FROM spotter.audit"));
}

CAF_TEST(a statement over many rows leaves one audit row for each) {
  for (int i = 0; i < 3; ++i)
    as_writer(
      "INSERT INTO spotter.workout (user_id, workout_id, started_at, time_zone, local_date, "
      "first_seq, version) VALUES ($1, gen_random_uuid(), now(), 'UTC', now(), 1, 1)");
  as_writer("UPDATE spotter.workout SET notes = 'all' WHERE user_id = $1::uuid");
  CAF_CHECK_EQUAL(ask<int>("SELECT count(DISTINCT row_key) FROM spotter.audit"), 4);
}

CAF_TEST(inserts leave nothing in the audit because their event tells of them) {
  CAF_CHECK_EQUAL(ask<int>("SELECT count(*) FROM spotter.audit"), 0);
}

CAF_TEST(the audit holds no secrets) {
  pqxx::nontransaction tx{admin};
  tx.exec("UPDATE spotter.app_user SET password_hash = 'new'");
  tx.exec("INSERT INTO spotter.login (user_id, login_id, family_salt, refresh_hash, expires_at) "
          "SELECT user_id, user_id, 'salt', 'hash', now() FROM spotter.app_user");
  tx.exec("DELETE FROM spotter.login");
  CAF_CHECK_EQUAL(tx.query_value<std::string>("SELECT string_agg(table_name || ' ' || action, ', ' "
                                              "ORDER BY audit_id) FROM spotter.audit"),
                  "app_user update, login delete");
  CAF_CHECK_EQUAL(tx.query_value<int>("SELECT count(*) FROM spotter.audit WHERE old ?| "
                                      "'{password_hash,family_salt,refresh_hash}'"),
                  0);
}

CAF_TEST(every table that people change is audited) {
  CAF_CHECK_EQUAL(
    ask<std::string>("SELECT coalesce(string_agg(wanted, ', '), '') FROM unnest('{app_user,login,"
                     "own_exercise,workout,exercise_instance,workout_set,import,recommendation}'"
                     "::text[]) AS wanted WHERE 2 <> (SELECT count(*) FROM pg_trigger t "
                     "WHERE t.tgrelid = ('spotter.' || wanted)::regclass "
                     "AND t.tgfoid = 'spotter.audit_rows'::regproc)"),
    "");
}

CAF_TEST(partitions of the audit are made ahead and making them again changes nothing) {
  const auto months = ask<int>("SELECT count(*) FROM pg_inherits "
                               "WHERE inhparent = 'spotter.audit'::regclass");
  CAF_CHECK_EQUAL(months, 13);
  pqxx::nontransaction tx{writer};
  CAF_CHECK_EQUAL(tx.query_value<int>("SELECT spotter.ensure_audit_partitions(12)"), 0);
  CAF_CHECK_EQUAL(tx.query_value<int>("SELECT spotter.ensure_audit_partitions(14)"), 2);
  CAF_CHECK(ask<bool>("SELECT bool_and(c.relrowsecurity AND c.relforcerowsecurity) FROM pg_class c "
                      "JOIN pg_inherits i ON i.inhrelid = c.oid "
                      "WHERE i.inhparent = 'spotter.audit'::regclass"));
}

CAF_TEST(taking the shards bumps every epoch and waits for commits under way) {
  pqxx::connection committing = database.connect(database_role::writer);
  auto commit = std::make_unique<pqxx::work>(committing);
  commit->exec("SELECT pg_advisory_xact_lock_shared(21328, 7)");
  pqxx::work taking{writer};
  taking.exec("SET LOCAL lock_timeout = '50ms'");
  CAF_CHECK_THROWS_AS(taking.exec("SELECT spotter.take_shards($1)", pqxx::params{to_string(alice)}),
                      pqxx::sql_error);
  taking.abort();
  commit.reset();
  pqxx::nontransaction again{writer};
  const auto taken = again.exec("SELECT shard_id, epoch FROM spotter.take_shards($1)",
                                pqxx::params{to_string(alice)});
  CAF_CHECK_EQUAL(taken.size(), 256);
  CAF_CHECK_EQUAL(ask<int>("SELECT min(epoch) FROM spotter.shard"), 1);
  CAF_CHECK_EQUAL(ask<int>("SELECT count(DISTINCT owner) FROM spotter.shard"), 1);
}

CAF_TEST(a job is claimed once until its lease runs out) {
  as_writer("INSERT INTO spotter.job (user_id, job_id, kind, subject_id) "
            "VALUES ($1, gen_random_uuid(), 'import', $1)");
  const auto claim = [this] {
    return pqxx::nontransaction{writer}.exec(
      "SELECT attempt, lease FROM spotter.claim_jobs(gen_random_uuid(), 5, 60000)");
  };
  CAF_CHECK_EQUAL(claim().size(), 1);
  CAF_CHECK_EQUAL(claim().size(), 0);
  as_writer("UPDATE spotter.job SET lease_until = now() - interval '1 second' "
            "WHERE user_id = $1::uuid");
  const auto rescued = claim();
  CAF_REQUIRE_EQUAL(rescued.size(), 1);
  CAF_CHECK_EQUAL(rescued[0][0].as<int>(), 2);
  CAF_CHECK_EQUAL(rescued[0][1].as<int>(), 2);
  as_writer("UPDATE spotter.job SET state = 'queued', run_at = now() + interval '1 hour' "
            "WHERE user_id = $1::uuid");
  CAF_CHECK_EQUAL(claim().size(), 0);
}

CAF_TEST(old idempotency keys of all users are pruned in batches) {
  as_writer("INSERT INTO spotter.idempotency_key (user_id, key, fingerprint, created_at) "
            "SELECT $1, 'old' || n, 'f', now() - interval '25 hours' FROM generate_series(1, 5) n");
  as_writer(
    "INSERT INTO spotter.idempotency_key (user_id, key, fingerprint) VALUES ($1, 'new', 'f')");
  pqxx::nontransaction tx{writer};
  const std::string prune = "SELECT spotter.prune_idempotency_keys('24 hours', 3)";
  CAF_CHECK_EQUAL(tx.query_value<int>(prune), 3);
  CAF_CHECK_EQUAL(tx.query_value<int>(prune), 2);
  CAF_CHECK_EQUAL(tx.query_value<int>(prune), 0);
  CAF_CHECK_EQUAL(ask<std::string>("SELECT string_agg(key, ',') FROM spotter.idempotency_key"),
                  "new");
}

CAF_TEST(a set out of range is refused by the database too) {
  as_writer("INSERT INTO spotter.own_exercise (user_id, exercise_id, name, equipment) "
            "VALUES ($1, $2, 'Own', 'none')");
  as_writer("INSERT INTO spotter.exercise_instance (user_id, exercise_instance_id, workout_id, "
            "own_exercise_id, position, version) VALUES ($1, $2, $2, $2, 0, 1)");
  const auto insert = [](const std::string& columns, const std::string& values) {
    return "INSERT INTO spotter.workout_set (user_id, workout_id, set_id, exercise_instance_id, "
           "position, completed_at, version, "
           + columns + ") VALUES ($1, $2, gen_random_uuid(), $2, 0, now(), 1, " + values + ")";
  };
  as_writer(insert("reps, rpe, rir, weight_value, weight_unit, weight_g", "0, 7.5, 0, 0, 2, 0"));
  for (auto [columns, values] : std::vector<std::pair<std::string, std::string>>{
         {"reps", "-1"},
         {"reps", "10001"},
         {"rpe", "7.3"},
         {"rpe", "10.5"},
         {"rir", "21"},
         {"weight_value", "5"},
         {"weight_value, weight_unit, weight_g", "5, 3, 5000"},
         {"weight_value, weight_unit, weight_g", "5, 1, 2000001"},
         {"distance_m", "-0.1"},
         {"duration_ms", "604800001"},
         {"rest_ms", "86400001"},
         {"kind", "5"}})
    CAF_CHECK_THROWS_AS(as_writer(insert(columns, values)), pqxx::check_violation);
}

CAF_TEST_FIXTURE_SCOPE_END()
