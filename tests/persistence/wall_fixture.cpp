#include "tests/persistence/wall_fixture.hpp"

#include <algorithm>

namespace spotter::tests {

namespace {

using persistence::database_role;

// $1 is the person, and stands for all of the person's ids, too.
constexpr const char* rows_of_a_person[] = {
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
  "INSERT INTO spotter.totp (user_id, sealed_secret) VALUES ($1, 'sealed')",
  "INSERT INTO spotter.recovery_code (user_id, slot, code_hash) VALUES ($1, 0, 'hash')",
  "INSERT INTO spotter.mfa_challenge (user_id, token_hash, attempts_left, expires_at) "
  "VALUES ($1, sha256(convert_to($1::uuid::text, 'UTF8')), 5, now())",
  "INSERT INTO spotter.api_key (user_id, api_key_id, name, scopes, key_hash) "
  "VALUES ($1, $1, 'Key', '{read}', sha256(convert_to($1::uuid::text, 'UTF8')))",
  "INSERT INTO spotter.share (user_id, share_id, grantee_email, scopes) "
  "VALUES ($1, $1, 'friend@example.org', '{live}')",
  // What triggers fill: audit here, security_event by the login above.
  "UPDATE spotter.workout SET title = 'changed' WHERE user_id = $1::uuid",
};

} // namespace

texts wall_fixture::column(const std::string& sql) {
  texts out;
  pqxx::nontransaction tx{admin};
  for (auto [value] : tx.query<std::string>(sql))
    out.push_back(value);
  return out;
}

texts wall_fixture::user_tables() {
  return column("SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'spotter'::regnamespace "
                "AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND EXISTS (SELECT FROM "
                "pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'user_id') ORDER BY 1");
}

void wall_fixture::fill() {
  const auto tables = user_tables();
  CAF_REQUIRE(tables.size() >= 20);
  pqxx::nontransaction tx{admin};
  for (const auto& user : {alice, bob})
    for (const auto* sql : rows_of_a_person)
      tx.exec(sql, pqxx::params{to_string(user)});
  for (const auto& table : tables)
    if (tx.query_value<int>("SELECT count(DISTINCT user_id) FROM spotter." + table) != 2)
      CAF_FAIL("a user table that the walls are not tested on: " << table);
}

texts wall_fixture::seen(database_role role, const std::string& setting, const std::string& table) {
  auto connection = database.connect(role);
  pqxx::work tx{connection};
  tx.exec(role == database_role::reader ? persistence::set_reader_user_sql
                                        : persistence::set_writer_users_sql,
          pqxx::params{setting});
  texts out;
  for (auto [user] : tx.query<std::string>("SELECT user_id FROM spotter." + table))
    out.push_back(user);
  return out;
}

bool wall_fixture::may(const std::string& role, const std::string& table,
                       const std::string& privilege) {
  pqxx::nontransaction tx{admin};
  return tx.query_value<bool>("SELECT has_any_column_privilege('" + role + "', 'spotter." + table
                              + "', '" + privilege + "')");
}

std::string wall_fixture::rows_of(const domain::uuid& user, const std::string& table) {
  pqxx::nontransaction tx{admin};
  return tx.query_value<std::string>("SELECT md5(string_agg(t::text, '\n' ORDER BY t::text)) FROM "
                                     "spotter."
                                       + table + " t WHERE t.user_id = $1::uuid",
                                     pqxx::params{to_string(user)});
}

bool wall_fixture::only_of_alice(const texts& found) const {
  return !found.empty() && std::all_of(found.begin(), found.end(), [this](const auto& id) {
    return id == to_string(alice);
  });
}

} // namespace spotter::tests
