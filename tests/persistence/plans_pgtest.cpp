// Every statement of the readers, the writer and the stores, run by the actors themselves against
// about two million rows, while the server logs each plan: none may walk through a whole table of
// user rows, and each index must be wanted by one of them.
#include "persistence/reader.hpp"

#include "persistence/ended_logins.hpp"
#include "persistence/identity_store.hpp"
#include "persistence/job_store.hpp"
#include "persistence/ownership.hpp"
#include "persistence/writer.hpp"
#include "tests/persistence/pg_fixture.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>

#define CAF_SUITE plans
#include "caf/test/dsl.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <set>

using namespace spotter;
using namespace spotter::messages;
using namespace spotter::persistence;

namespace {

/// What `id` in load_sql makes.
domain::uuid id(char kind, int n) {
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%c%07x-0000-7000-8000-000000000000", kind,
                static_cast<unsigned>(n));
  return *domain::parse_uuid(text.data());
}

// 2,000 people, each with 50 workouts of 10 sets and the rest in proportion. As a replica, so that
// triggers and foreign keys do not slow the loading down.
const char* const load_sql = R"(
SET session_replication_role = replica;
SET synchronous_commit = off;
CREATE FUNCTION pg_temp.id(kind text, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS
  $$ SELECT (kind || lpad(to_hex(n), 7, '0') || '-0000-7000-8000-000000000000')::uuid $$;

INSERT INTO spotter.taxonomy (taxonomy_version, name) VALUES (1, 'm');
INSERT INTO spotter.muscle (taxonomy_version, slug, name) VALUES (1, 'chest', 'Chest');
INSERT INTO spotter.exercise (exercise_id, slug, name, equipment, category, search)
SELECT pg_temp.id('e', x), 'e' || x, 'Exercise ' || x, 'none', 'strength', 'exercise ' || x
  FROM generate_series(0, 199) x;

INSERT INTO spotter.app_user (user_id, email, password_hash)
SELECT pg_temp.id('a', u), u || '@example', '' FROM generate_series(0, 1999) u;
INSERT INTO spotter.account_email SELECT u || '@example', pg_temp.id('a', u)
  FROM generate_series(0, 1999) u;
INSERT INTO spotter.login (user_id, login_id, family_salt, refresh_hash, expires_at)
SELECT pg_temp.id('a', n / 5), pg_temp.id('b', n), '', '', now() + interval '1 day'
  FROM generate_series(0, 9999) n;
INSERT INTO spotter.own_exercise (user_id, exercise_id, name, equipment)
SELECT pg_temp.id('a', n / 10), pg_temp.id('f', n), 'Own ' || n, 'none'
  FROM generate_series(0, 19999) n;
INSERT INTO spotter.workout (user_id, workout_id, state, started_at, finished_at, time_zone,
    local_date, source_provider, source_external_id, source_hash, first_seq, version)
SELECT pg_temp.id('a', w / 50), pg_temp.id('1', w), CASE w % 50 WHEN 49 THEN 1 ELSE 2 END,
       now() - (50 - w % 50) * interval '1 day', CASE w % 50 WHEN 49 THEN NULL ELSE now() END,
       'UTC', now(), 'hevy', 'w' || w, 'h', w % 50 + 1, w % 50 + 1
  FROM generate_series(0, 99999) w;
INSERT INTO spotter.exercise_instance (user_id, exercise_instance_id, workout_id, exercise_id,
    position, version)
SELECT pg_temp.id('a', i / 100), pg_temp.id('2', i), pg_temp.id('1', i / 2),
       pg_temp.id('e', i % 200), i % 2, i / 2 % 50 + 1
  FROM generate_series(0, 199999) i;
INSERT INTO spotter.workout_set (user_id, workout_id, set_id, exercise_instance_id, position, reps,
    weight_value, weight_unit, weight_g, completed_at, version)
SELECT pg_temp.id('a', s / 500), pg_temp.id('1', s / 10), pg_temp.id('3', s),
       pg_temp.id('2', s / 5), s % 5, 5, 100, 1, 100000, now(), s / 10 % 50 + 1
  FROM generate_series(0, 999999) s;
INSERT INTO spotter.personal_record (user_id, exercise_id, kind, value, set_id, achieved_at)
SELECT pg_temp.id('a', n / 60), pg_temp.id('e', n / 3 % 20), n % 3 + 1, 100, pg_temp.id('3', n),
       now()
  FROM generate_series(0, 119999) n;
INSERT INTO spotter.event (user_id, seq, epoch, name, workout_id, unit_id, at, data)
SELECT pg_temp.id('a', n / 100), n % 100 + 1, 1, 6, pg_temp.id('1', n / 100 * 50 + n % 50),
       pg_temp.id('4', n), now(), '{}'
  FROM generate_series(0, 199999) n;
INSERT INTO spotter.idempotency_key (user_id, key, fingerprint, created_at)
SELECT pg_temp.id('a', n % 2000), 'k' || n, 'f', now() - (100000 - n) * interval '0.7 second'
  FROM generate_series(0, 99999) n;
INSERT INTO spotter.import (user_id, import_id, content_hash, version)
SELECT pg_temp.id('a', n / 10), pg_temp.id('5', n), 'h', 1 FROM generate_series(0, 19999) n;
INSERT INTO spotter.import_file SELECT pg_temp.id('a', n / 10), pg_temp.id('5', n), 'content'
  FROM generate_series(0, 19999) n;
INSERT INTO spotter.import_log (user_id, import_id, line, severity, code, message)
SELECT pg_temp.id('a', n / 50), pg_temp.id('5', n / 5), n % 5, 'info', 'c', 'm'
  FROM generate_series(0, 99999) n;
INSERT INTO spotter.job (user_id, job_id, kind, subject_id, state)
SELECT pg_temp.id('a', n / 25), pg_temp.id('6', n), 'import', pg_temp.id('5', n / 5),
       CASE n % 1000 WHEN 7 THEN 'queued' ELSE 'finished' END
  FROM generate_series(0, 49999) n;
INSERT INTO spotter.recommendation (user_id, recommendation_id, kind, engine, inputs, output,
    version)
SELECT pg_temp.id('a', n / 25), pg_temp.id('7', n), 'next_set', 'e@1', '{}', '{}', 1
  FROM generate_series(0, 49999) n;
INSERT INTO spotter.audit (user_id, table_name, action, row_key, old)
SELECT pg_temp.id('a', n / 50), 'workout_set', 'update', pg_temp.id('3', n * 10), '{"version":1}'
  FROM generate_series(0, 99999) n;
ANALYZE;
)";

// Indexes that none of the statements here uses, each with its reason.
const std::map<std::string, std::string> kept_indexes{
  {"exercise_slug_key", "keeps slugs unique"},
  {"job_one_reseal_key", "keeps one job of its kind under way"},
  {"account_email_user_idx", "for the foreign key, when a person is erased"},
  {"node_id_live_key", "keeps the names of live nodes unique"},
  {"node_address_live_key", "keeps their addresses unique"},
};

/// Tells the plans of this database's statements from the server's log.
class plan_log {
public:
  struct plan {
    std::string role;
    std::string text;
  };

  std::vector<plan> read_on() {
    const auto log = tests::cluster_log();
    std::vector<plan> out;
    std::string entry;
    const auto end_entry = [&] {
      const auto mark = entry.find("  plan:");
      const auto slash = entry.find('/');
      if (mark != std::string::npos && slash != std::string::npos) {
        const auto space = entry.rfind(' ', slash);
        out.push_back({entry.substr(space + 1, slash - space - 1), entry.substr(mark)});
      }
      entry.clear();
    };
    for (auto at = read_; at < log.size();) {
      const auto end = std::min(log.find('\n', at), log.size());
      const auto line = log.substr(at, end - at);
      if (!line.starts_with('\t'))
        end_entry();
      entry += line + "\n";
      at = end + 1;
    }
    end_entry();
    read_ = log.size();
    return out;
  }

private:
  std::size_t read_ = 0;
};

struct fixture : tests::pg_fixture {
  caf::actor_system_config config;
  caf::actor_system system{config};
  caf::scoped_actor self{system};
  plan_log plans;
  std::set<std::string> large; // tables of user rows with enough of them
  std::set<std::string> used;  // indexes
  const domain::uuid user = id('a', 1000);
  const domain::uuid workout = id('1', 1000 * 50 + 30);
  const domain::uuid instance = id('2', (1000 * 50 + 30) * 2);
  const domain::uuid set = id('3', (1000 * 50 + 30) * 10);

  fixture() {
    auto admin = database.superuser();
    pqxx::nontransaction tx{admin};
    tx.exec(load_sql);
    for (auto [table] : tx.query<std::string>(
           "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid "
           "WHERE a.attname = 'user_id' AND c.relnamespace = 'spotter'::regnamespace "
           "AND c.relkind = 'r' AND c.reltuples > 1000"))
      large.insert(table);
    // Every plan of every session from here on, also of what functions and foreign keys run.
    for (const char* setting :
         {"session_preload_libraries = 'auto_explain'", "auto_explain.log_min_duration = 0",
          "auto_explain.log_nested_statements = on"})
      tx.exec("ALTER DATABASE " + database.name() + " SET " + setting);
    plans.read_on();
  }

  template <class Reply, class Actor, class Request>
  Reply ask(const Actor& actor, const Request& request) {
    Reply out;
    self->request(actor, std::chrono::seconds{60}, request)
      .receive([&out](Reply& reply) { out = std::move(reply); },
               [](const caf::error& why) { CAF_FAIL("failed: " << why); });
    return out;
  }

  /// Checks what has been planned since the last time; returns for how many statements.
  std::size_t check(const std::string& role) {
    std::size_t seen = 0;
    for (const auto& plan : plans.read_on()) {
      seen += plan.role == role ? 1 : 0;
      for (std::string mark :
           {"Index Scan using ", "Index Only Scan using ", "Index Scan Backward using ",
            "Index Only Scan Backward using ", "Bitmap Index Scan on "})
        for (auto at = plan.text.find(mark); at != std::string::npos;
             at = plan.text.find(mark, at + 1)) {
          const auto from = at + mark.size();
          used.insert(plan.text.substr(from, plan.text.find_first_of(" \n", from) - from));
        }
      const std::string mark = "Seq Scan on ";
      for (auto at = plan.text.find(mark); at != std::string::npos;
           at = plan.text.find(mark, at + 1)) {
        const auto from = at + mark.size();
        const auto table = plan.text.substr(from, plan.text.find_first_of(" \n", from) - from);
        if (large.contains(table))
          CAF_ERROR("walks through all of " << table << ":\n" << plan.text);
      }
    }
    return seen;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(plan_tests, fixture)

CAF_TEST(no statement walks through a table of user rows) {
  CAF_MESSAGE("loaded " << large.size() << " tables");
  for (auto table :
       {"app_user", "account_email", "login", "own_exercise", "workout", "exercise_instance",
        "workout_set", "personal_record", "event", "idempotency_key", "import", "import_file",
        "import_log", "job", "recommendation"})
    CAF_CHECK(large.contains(table));

  // The watch itself works: a query without an index to help it is seen.
  {
    auto connection = database.connect(database_role::reader);
    pqxx::work tx{connection};
    tx.exec(set_reader_user_sql, pqxx::params{to_string(user)});
    tx.exec("SET LOCAL enable_indexscan = off; SET LOCAL enable_bitmapscan = off");
    tx.exec("SELECT count(*) FROM spotter.event WHERE seq = 5");
    const auto seen = plans.read_on();
    CAF_CHECK(std::any_of(seen.begin(), seen.end(), [](const plan_log::plan& plan) {
      return plan.role == "spotter_reader"
             && plan.text.find("Seq Scan on event") != std::string::npos;
    }));
  }

  {
    auto connection = database.superuser();
    pqxx::nontransaction{connection}.exec(
      "UPDATE spotter.app_user SET role = 'admin' WHERE user_id = $1",
      pqxx::params{to_string(user)});
  }

  // More than five times on one connection each, so that generic plans are seen as well.
  constexpr int times = 7;

  reader_settings reading;
  reading.connection = settings(database_role::reader);
  reading.readers = 1;
  auto reader = spawn_reader(system, reading);
  const page_window window;
  const std::vector<query> queries{
    get_workouts{window, "", {}, {}},
    get_workouts{window, "finished", domain::now() - std::chrono::hours{24 * 30}, domain::now()},
    get_workout{workout},
    get_set{workout, set},
    get_changes{50, 200},
    get_history{workout, window},
    get_exercises{window, "", "", ""},
    get_exercises{window, "exercise 1", "chest", "none"},
    get_exercise{id('f', 10'000)},
    get_muscles{},
    get_taxonomies{},
    get_profile{},
    get_records{window},
    get_imports{window},
    get_import{id('5', 10'000)},
    get_import_log{id('5', 10'000), window},
    get_recommendation{id('7', 25'000)},
    get_security_events{window, {}},
    get_security_audit{window, {}, {}, {}},
    get_jobs{window, "", "", {}}};
  static_assert(std::variant_size_v<query> == 18, "a new query needs a line above");
  for (int i = 0; i < times; ++i) {
    for (const auto& what : queries)
      CAF_CHECK(std::holds_alternative<rendered>(
        ask<read_reply>(reader, messages::read{user, what}).result));
    ask<session_image>(reader, load_session{user});
    ask<workout_image>(reader, load_workout{user, workout});
    ask<exercise_image>(reader, load_exercise{user, id('e', 60)});
    ask<exercise_image>(reader, load_exercise{user, id('f', 10'000)});
    ask<event_range>(reader, load_events{user, 20, 60});
    ask<event_epoch>(reader, load_epoch{user, 60});
    ask<source_matches>(reader, load_sources{user, "hevy", {"w50030", "w50031"}});
    ask<answer_image>(reader, load_answer{user, "k1000"});
    ask<import_image>(reader, load_import{user, id('5', 10'000)});
    ask<exercise_history>(reader, load_exercise_history{user, id('e', 60), 5});
    ask<exercise_names>(reader, load_exercise_names{user});
    ask<import_file>(reader, load_import_file{user, id('5', 10'000)});
  }
  self->send_exit(reader, caf::exit_reason::user_shutdown);
  CAF_CHECK(check("spotter_reader") > static_cast<std::size_t>(times) * 30);

  auto jobs = spawn_job_store(system, settings(database_role::writer));
  for (int i = 0; i < times; ++i) {
    ask<claimed_jobs>(jobs, claim_jobs{id('8', 1), 2, 30'000});
    job claim{id('6', 25'007), user, "import", id('5', 5'001), 1, 1};
    ask<job_ended>(jobs, renew_job{claim, 30'000});
    ask<job_ended>(jobs, end_job{claim, "finished", 0, ""});
  }
  self->send_exit(jobs, caf::exit_reason::user_shutdown);
  CAF_CHECK(check("spotter_writer") > static_cast<std::size_t>(times) * 3);

  identity_store_settings identities;
  identities.connection = settings(database_role::writer);
  identities.workers = 1;
  auto people = spawn_identity_store(system, identities);
  for (int i = 0; i < times; ++i) {
    add_account account;
    account.who.user_id = domain::make_uuid_v7();
    account.who.email = "new" + std::to_string(i) + "@example";
    account.who.created_at = domain::now();
    account.login_id = domain::make_uuid_v7();
    account.login_expires = domain::now() + std::chrono::hours{1};
    ask<identity_stored>(people, account);
    ask<account_image>(people, find_account{"1000@example"});
    ask<identity_stored>(
      people, add_login{user, domain::make_uuid_v7(), "s", "h", account.login_expires, {}});
    ask<login_image>(people, load_login{user, id('b', 5'000)});
    ask<identity_stored>(people, rotate_login{user, id('b', 5'000), i + 1, "h", {}});
    ask<identity_stored>(people, revoke_login{user, id('b', 5'001), "logout"});
  }
  self->send_exit(people, caf::exit_reason::user_shutdown);
  CAF_CHECK(check("spotter_writer") > static_cast<std::size_t>(times) * 6);

  const auto epochs = take_all_shards(settings(database_role::writer), id('9', 1));
  writer_settings writing;
  writing.connection = settings(database_role::writer);
  auto writer = spawn_writer(system, writing);
  const auto now = domain::now();
  for (int i = 0; i < times; ++i) {
    const std::int64_t seq = 101 + i;
    auto unit = std::make_shared<store_unit>();
    unit->user_id = user;
    unit->unit_id = domain::make_uuid_v7();
    unit->events.push_back(
      {{epochs[user.bytes[15]], seq}, event_name::set_logged, workout, now, shared_text{"{}"}});
    domain::workout changed;
    changed.workout_id = workout;
    changed.started_at = changed.created_at = changed.updated_at = now;
    changed.time_zone = "UTC";
    changed.local_date = "2026-03-01";
    changed.first_seq = 31;
    changed.version = seq;
    domain::exercise_instance done{instance, workout, id('e', 60), false, 0, {}, "", seq, {}};
    domain::set_record performed;
    performed.set_id = set;
    performed.workout_id = workout;
    performed.exercise_instance_id = instance;
    performed.completed_at = performed.created_at = performed.updated_at = now;
    performed.version = seq;
    auto fresh = performed;
    fresh.set_id = domain::make_uuid_v7();
    own_exercise own{id('f', 10'000), "Own", "none", {}, {}, seq, now, now, false};
    profile who;
    who.user_id = user;
    who.version = seq;
    import_state known;
    known.import_id = id('5', 10'000);
    known.status = "running";
    known.version = seq;
    known.created_at = known.updated_at = now;
    auto imported = known;
    imported.import_id = domain::make_uuid_v7();
    record_recommendation advice{domain::make_uuid_v7(), "next_set",       "e@1", "default",
                                 shared_text{"{}"},      shared_text{"{}"}};
    unit->changes = {put_workout{changed, {}},
                     put_instance{done, false},
                     add_set{fresh},
                     change_set{performed},
                     put_record{{id('e', 60), domain::record_kind::weight, 100, set, now}},
                     messages::rebuild_records{id('e', 60)},
                     put_exercise{own},
                     put_profile{who},
                     add_import{imported, "hash", "kg", "UTC", shared_text{"content"}},
                     put_import{known, {{1, "info", "c", "m"}}, true},
                     add_recommendation{advice, seq},
                     put_outcome{{id('7', 25'000), true, shared_text{"{}"}}, seq},
                     clear_workout{workout, seq, now}};
    static_assert(std::variant_size_v<change> == 13, "a new change needs a line above");
    unit->answers = {{"key" + std::to_string(i),
                      "f",
                      true,
                      seq,
                      {epochs[user.bytes[15]], seq},
                      shared_text{"{}"}}};
    self->send(writer, store{unit});
    self->receive([](const stored& end) {
      CAF_CHECK_EQUAL(end.detail, "");
      CAF_CHECK(end.result == store_result::committed);
    });
  }
  self->send_exit(writer, caf::exit_reason::user_shutdown);
  CAF_CHECK(check("spotter_writer") > static_cast<std::size_t>(times) * 15);

  {
    auto connection = database.connect(database_role::writer);
    pqxx::nontransaction{connection}.exec(
      "SELECT spotter.prune_idempotency_keys(interval '19 hours', 100)");
    static_cast<void>(
      persistence::load_ended_logins(settings(database_role::writer), std::chrono::hours{1}));
    check("spotter_writer");
  }
  auto admin = database.superuser();
  for (auto [index, table] : pqxx::nontransaction{admin}.query<std::string, std::string>(
         "SELECT c.relname, i.indrelid::regclass::text "
         "FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
         "WHERE c.relnamespace = 'spotter'::regnamespace AND NOT i.indisprimary ORDER BY 1"))
    if (large.contains(table.substr(table.find('.') + 1)) && !used.contains(index)
        && !kept_indexes.contains(index))
      CAF_ERROR("no statement wants the index " << index);
}

CAF_TEST_FIXTURE_SCOPE_END()
