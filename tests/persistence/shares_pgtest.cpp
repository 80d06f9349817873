// Shares, and the wall behind which followers read.
#include "persistence/factor_rows.hpp"

#include "persistence/read_connection.hpp"
#include "persistence/repository/record_repository.hpp"
#include "persistence/repository/workout_repository.hpp"
#include "tests/persistence/pg_fixture.hpp"

#define CAF_SUITE shares
#include "caf/test/dsl.hpp"

using namespace spotter;
using namespace spotter::persistence;
using messages::failure_code;

namespace {

using texts = std::vector<std::string>;

/// What followers may see of at all.
const texts shared_tables{"workout", "exercise_instance", "workout_set", "personal_record",
                          "own_exercise"};

struct fixture : tests::pg_fixture {
  domain::uuid athlete = database.add_user();
  domain::uuid coach = database.add_user();
  domain::uuid stranger = database.add_user();
  domain::uuid workout = domain::make_uuid_v7();
  domain::uuid share = domain::make_uuid_v7();
  pqxx::connection admin = database.superuser();
  factor_rows rows{settings(database_role::writer)};
  read_connection db{settings(database_role::reader)};

  fixture() {
    for (const auto& user : {athlete, coach, stranger}) {
      as_admin("INSERT INTO spotter.account_email SELECT $1 || '@example.org', $1::uuid", user);
      as_admin("UPDATE spotter.app_user SET email_verified_at = now() WHERE user_id = $1::uuid",
               user);
    }
    as_admin("INSERT INTO spotter.own_exercise (user_id, exercise_id, name, equipment) "
             "VALUES ($1, $1, 'Own', 'none')",
             athlete);
    add_workout(workout, "NULL");
  }

  void as_admin(const std::string& sql, const domain::uuid& who) {
    pqxx::nontransaction tx{admin};
    tx.exec(sql, pqxx::params{to_string(who)});
  }

  /// A finished workout with one set and a record.
  void add_workout(const domain::uuid& id, const std::string& provider) {
    pqxx::nontransaction tx{admin};
    const pqxx::params params{to_string(athlete), to_string(id)};
    tx.exec("INSERT INTO spotter.workout (user_id, workout_id, title, state, started_at, "
            "finished_at, time_zone, local_date, notes, source_provider, source_external_id, "
            "source_hash, first_seq, version) SELECT $1, $2, 'Legs', 2, now(), now(), 'UTC', "
            "now(), 'secret', p, left(p, 0) || 'x', left(p, 0) || 'y', 1, 1 FROM (SELECT "
              + provider + "::text AS p) s",
            params);
    tx.exec("INSERT INTO spotter.exercise_instance (user_id, exercise_instance_id, workout_id, "
            "own_exercise_id, position, notes, version) VALUES ($1, $2, $2, $1, 0, 'secret', 1)",
            params);
    tx.exec("INSERT INTO spotter.workout_set (user_id, workout_id, set_id, exercise_instance_id, "
            "position, reps, completed_at, version) VALUES ($1, $2, $2, $2, 0, 5, now(), 1)",
            params);
    tx.exec("INSERT INTO spotter.personal_record (user_id, exercise_id, kind, value, set_id, "
            "achieved_at) VALUES ($1, $1, (SELECT count(*) + 1 FROM spotter.personal_record), 5, "
            "$2, now())",
            params);
  }

  messages::factor_stored store(const domain::uuid& who, messages::factor_change what) {
    return rows.store({who, {}, {}, std::move(what)});
  }

  std::optional<failure_code> problem(const domain::uuid& who, messages::factor_change what) {
    const auto stored = store(who, std::move(what));
    return stored.problem ? std::optional{stored.problem->code} : std::nullopt;
  }

  messages::offer_share offer(texts scopes = {"history"}) {
    return {share, to_string(coach) + "@EXAMPLE.org", std::move(scopes), {}};
  }

  void follow(texts scopes = {"history"}) {
    CAF_REQUIRE(!problem(athlete, offer(std::move(scopes))));
    CAF_REQUIRE(!problem(coach, messages::accept_share{share}));
  }

  /// How many rows the follower's role sees of a table with every filter of the program removed.
  int seen(const std::string& table, const std::string& user, const std::string& actor) {
    auto connection = database.connect(database_role::reader);
    pqxx::work tx{connection};
    tx.exec("SELECT set_config('app.user_id', $1, true), set_config('app.actor_id', $2, true)",
            pqxx::params{user, actor});
    tx.exec("SET LOCAL ROLE spotter_follower");
    return tx.query_value<int>("SELECT count(*) FROM spotter." + table);
  }

  texts visible(const std::string& user, const std::string& actor) {
    texts out;
    for (const auto& table : shared_tables)
      if (seen(table, user, actor) > 0)
        out.push_back(table);
    return out;
  }

  texts visible() { return visible(to_string(athlete), to_string(coach)); }

  int events(const std::string& kind) {
    pqxx::nontransaction tx{admin};
    return tx.query_value<int>("SELECT count(*) FROM spotter.security_event WHERE user_id = "
                               "$1::uuid AND kind = $2",
                               pqxx::params{to_string(athlete), kind});
  }

  std::string text_of(const read_result& result) {
    CAF_REQUIRE(std::holds_alternative<messages::rendered>(result));
    return std::string{std::get<messages::rendered>(result).body.view()};
  }

  bool allowed(const domain::uuid& actor, const std::string& scope) {
    return rows.check_share({athlete, actor, scope, {}}).allowed;
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(share_tests, fixture)

CAF_TEST(a share needs the consent of both) {
  CAF_CHECK_EQUAL(visible(), texts{});
  const auto offered = store(athlete, offer());
  CAF_REQUIRE(!offered.problem);
  CAF_CHECK(offered.body.find("\"state\" : \"pending\"") != std::string::npos);
  CAF_CHECK_EQUAL(visible(), texts{});
  CAF_CHECK(!allowed(coach, "history"));
  CAF_MESSAGE("nobody else can accept it, nor the athlete alone");
  CAF_CHECK(problem(stranger, messages::accept_share{share}) == failure_code::not_found);
  CAF_CHECK(problem(athlete, messages::accept_share{share}) == failure_code::conflict);
  CAF_CHECK_EQUAL(visible(), texts{});
  const auto accepted = store(coach, messages::accept_share{share});
  CAF_REQUIRE(!accepted.problem);
  CAF_CHECK(accepted.body.find("\"state\" : \"active\"") != std::string::npos);
  CAF_CHECK(!problem(coach, messages::accept_share{share}));
  CAF_CHECK_EQUAL(visible(), shared_tables);
  CAF_CHECK(allowed(coach, "history"));
  CAF_CHECK_EQUAL(events("share_offered"), 1);
  CAF_CHECK_EQUAL(events("share_accepted"), 1);
}

CAF_TEST(an address has to be proved before it takes an invitation) {
  as_admin("UPDATE spotter.app_user SET email_verified_at = NULL WHERE user_id = $1::uuid", coach);
  CAF_REQUIRE(!problem(athlete, offer()));
  CAF_CHECK(problem(coach, messages::accept_share{share}) == failure_code::not_found);
  CAF_CHECK(store(coach, messages::get_shares{}).body.starts_with("{\"items\":[]"));
  as_admin("UPDATE spotter.app_user SET email_verified_at = now() WHERE user_id = $1::uuid", coach);
  CAF_CHECK(!problem(coach, messages::accept_share{share}));
}

CAF_TEST(with every filter removed only what is shared is seen) {
  follow();
  CAF_CHECK_EQUAL(visible(), shared_tables);
  CAF_MESSAGE("by this follower and of this athlete only");
  for (const auto& [user, actor] : {std::pair{to_string(athlete), to_string(stranger)},
                                    {to_string(coach), to_string(athlete)},
                                    {to_string(athlete), std::string{}},
                                    {std::string{}, to_string(coach)},
                                    {to_string(athlete), to_string(athlete)},
                                    {std::string{}, std::string{}}})
    CAF_CHECK_EQUAL(visible(user, actor), texts{});
  CAF_MESSAGE("and of no other table");
  pqxx::nontransaction tx{admin};
  texts readable;
  for (auto [name] : tx.query<std::string>(
         "SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'spotter'::regnamespace AND "
         "c.relkind IN ('r', 'p') AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid "
         "AND a.attname = 'user_id') AND has_any_column_privilege('spotter_follower', c.oid, "
         "'SELECT,INSERT,UPDATE') ORDER BY c.relname"))
    readable.push_back(name);
  auto expected = shared_tables;
  std::sort(expected.begin(), expected.end());
  CAF_CHECK_EQUAL(readable, expected);
}

CAF_TEST(people read their own behind the same one policy as before) {
  follow();
  pqxx::nontransaction tx{admin};
  for (const auto& table : shared_tables) {
    CAF_CHECK_EQUAL(tx.query_value<int>("SELECT count(*) FROM pg_policies WHERE tablename = $1 AND "
                                        "roles = '{spotter_reader}' AND qual NOT LIKE '%follow%'",
                                        pqxx::params{table}),
                    1);
    CAF_CHECK_EQUAL(tx.query_value<int>("SELECT count(*) FROM pg_policies WHERE tablename = $1 AND "
                                        "roles = '{spotter_follower}' AND cmd = 'SELECT'",
                                        pqxx::params{table}),
                    1);
  }
  CAF_MESSAGE("and a follower who forgets to become one sees nothing");
  auto connection = database.connect(database_role::reader);
  pqxx::work reader{connection};
  reader.exec("SELECT set_config('app.user_id', $1, true), set_config('app.actor_id', $2, true)",
              pqxx::params{to_string(coach), to_string(coach)});
  CAF_CHECK_EQUAL(reader.query_value<int>("SELECT count(*) FROM spotter.workout"), 0);
}

CAF_TEST(the end of a share is the end of seeing whoever ends it) {
  follow();
  CAF_CHECK(problem(stranger, messages::end_share{share, {}}) == failure_code::not_found);
  const auto ended = store(coach, messages::end_share{share, {}});
  CAF_CHECK((ended.ended == std::vector{share}));
  CAF_CHECK_EQUAL(visible(), texts{});
  CAF_CHECK(!allowed(coach, "history"));
  CAF_CHECK(problem(athlete, messages::end_share{share, {}}) == failure_code::not_found);
  CAF_CHECK(problem(coach, messages::accept_share{share}) == failure_code::conflict);
  share = domain::make_uuid_v7();
  follow();
  CAF_CHECK_EQUAL(visible(), shared_tables);
  CAF_CHECK(!problem(athlete, messages::end_share{share, {}}));
  CAF_CHECK_EQUAL(visible(), texts{});
  CAF_CHECK_EQUAL(events("share_ended"), 2);
}

CAF_TEST(a share that is over shows nothing) {
  follow();
  as_admin(
    "UPDATE spotter.share SET ends_at = now() - interval '1 second' WHERE user_id = $1::uuid",
    athlete);
  CAF_CHECK_EQUAL(visible(), texts{});
  CAF_CHECK(!allowed(coach, "history"));
  CAF_CHECK(
    !problem(athlete, messages::offer_share{
                        domain::make_uuid_v7(), to_string(coach) + "@example.org", {"live"}, {}}));
}

CAF_TEST(scopes are apart and only the athlete changes them) {
  follow({"live", "notes"});
  CAF_CHECK_EQUAL(visible(), texts{});
  CAF_CHECK(allowed(coach, "live"));
  CAF_CHECK(!allowed(coach, "history"));
  messages::update_share change;
  change.share_id = share;
  change.scopes = texts{"history"};
  CAF_CHECK(problem(coach, change) == failure_code::forbidden);
  CAF_CHECK(problem(stranger, change) == failure_code::not_found);
  change.if_match = 1;
  CAF_CHECK(problem(athlete, change) == failure_code::version_conflict);
  change.if_match = 2;
  const auto changed = store(athlete, change);
  CAF_CHECK(!changed.problem);
  CAF_CHECK_EQUAL(changed.version, 3);
  CAF_CHECK((changed.ended == std::vector{share}));
  CAF_CHECK_EQUAL(visible(), shared_tables);
  CAF_CHECK(!allowed(coach, "live"));
}

CAF_TEST(looking is an event once in ten minutes) {
  follow();
  for (int i = 0; i < 3; ++i)
    CAF_CHECK(allowed(coach, "history"));
  CAF_CHECK_EQUAL(events("shared_data_read"), 1);
  as_admin("UPDATE spotter.share SET noted_at = jsonb_build_object('history', "
           "now() - interval '11 minutes') WHERE user_id = $1::uuid",
           athlete);
  CAF_CHECK(allowed(coach, "history"));
  CAF_CHECK_EQUAL(events("shared_data_read"), 2);
  CAF_CHECK(!allowed(stranger, "history"));
  CAF_CHECK_EQUAL(events("shared_data_read"), 2);
}

CAF_TEST(a stream that is looked after leaves looks at the history their event) {
  follow({"history", "live"});
  const messages::device_info device{"coach's phone", "192.0.2.7", "request-7", "trace-7"};
  for (int i = 0; i < 3; ++i)
    for (const char* scope : {"live", "history"})
      CAF_CHECK(rows.check_share({athlete, coach, scope, device}).allowed);
  pqxx::nontransaction tx{admin};
  CAF_CHECK_EQUAL(
    tx.query_value<std::string>(
      "SELECT string_agg(detail ->> 'scope', ' ' ORDER BY security_event_id) FROM "
      "spotter.security_event WHERE user_id = $1::uuid AND kind = 'shared_data_read' AND "
      "address = '192.0.2.7' AND request_id = 'request-7' AND trace_id = 'trace-7'",
      pqxx::params{to_string(athlete)}),
    "live history");
}

CAF_TEST(an end may rest on a version) {
  follow();
  CAF_CHECK(problem(athlete, messages::end_share{share, 1}) == failure_code::version_conflict);
  CAF_CHECK_EQUAL(visible(), shared_tables);
  CAF_CHECK(!problem(athlete, messages::end_share{share, 2}));
  CAF_CHECK_EQUAL(visible(), texts{});
}

CAF_TEST(what a provider does not let us share is not shown) {
  follow();
  const auto theirs = domain::make_uuid_v7();
  add_workout(theirs, "'strava'");
  add_workout(domain::make_uuid_v7(), "'hevy'");
  for (const char* table : {"workout", "exercise_instance", "workout_set", "personal_record"})
    CAF_CHECK_EQUAL(seen(table, to_string(athlete), to_string(coach)), 2);
  const read_connection::following guard{db, coach};
  CAF_CHECK(std::holds_alternative<messages::failure>(
    read_workout(db, athlete, messages::get_workout{theirs})));
}

CAF_TEST(followers read through the same statements) {
  {
    const read_connection::following guard{db, coach};
    CAF_CHECK(text_of(read_workouts(db, athlete, {})).starts_with("{\"items\":[]"));
  }
  follow();
  const read_connection::following guard{db, coach};
  CAF_CHECK(text_of(read_workouts(db, athlete, {})).find("Legs") != std::string::npos);
  CAF_CHECK(text_of(read_workout(db, athlete, {workout})).find("\"reps\":5") != std::string::npos);
  CAF_CHECK(text_of(read_records(db, athlete, {})).find(to_string(workout)) != std::string::npos);
  CAF_CHECK(text_of(read_workouts(db, stranger, {})).starts_with("{\"items\":[]"));
}

CAF_TEST(an offer is made once) {
  CAF_CHECK(!store(athlete, offer()).repeated);
  CAF_CHECK(store(athlete, offer()).repeated);
  CAF_CHECK(problem(stranger, offer()) == failure_code::id_reused);
  CAF_CHECK(problem(athlete, offer({"live"})) == failure_code::id_reused);
  auto second = offer();
  second.share_id = domain::make_uuid_v7();
  CAF_CHECK(problem(athlete, second) == failure_code::conflict);
  second.email = to_string(athlete) + "@example.org";
  CAF_CHECK(problem(athlete, second) == failure_code::invalid_content);
}

CAF_TEST(each side sees its shares and nobody else does) {
  CAF_REQUIRE(!problem(athlete, offer()));
  CAF_CHECK(!problem(coach, messages::get_share{share}));
  CAF_CHECK(problem(stranger, messages::get_share{share}) == failure_code::not_found);
  const auto listed = [&](const domain::uuid& who, const char* direction) {
    messages::get_shares what;
    what.direction = direction;
    return store(who, what).body.find(to_string(share)) != std::string::npos;
  };
  CAF_CHECK(listed(athlete, "given") && listed(athlete, "") && !listed(athlete, "received"));
  CAF_CHECK(listed(coach, "received") && listed(coach, "") && !listed(coach, "given"));
  CAF_CHECK(!listed(stranger, ""));
}

CAF_TEST(pages of shares go by time and not by ids) {
  auto later = offer();
  later.share_id = domain::make_uuid_v7();
  auto first = later;
  first.share_id = domain::make_uuid_v7();
  first.email = to_string(stranger) + "@example.org";
  CAF_REQUIRE(!problem(athlete, first)); // the greater id
  CAF_REQUIRE(!problem(athlete, later));
  messages::get_shares what;
  what.window.limit = 1;
  auto page = store(athlete, what).body;
  CAF_CHECK(page.find(to_string(*later.share_id)) != std::string::npos);
  const auto at = page.find("\"next_cursor\":\"") + 15;
  what.window.cursor = page.substr(at, page.find('"', at) - at);
  page = store(athlete, what).body;
  CAF_CHECK(page.find(to_string(*first.share_id)) != std::string::npos);
  CAF_CHECK(page.ends_with("\"next_cursor\":null}"));
}

CAF_TEST(who is erased follows nobody and is invited nowhere) {
  follow();
  as_admin("UPDATE spotter.app_user SET deleted_at = now() WHERE user_id = $1::uuid", coach);
  auto server = database.connect(database_role::writer);
  pqxx::nontransaction tx{server};
  tx.exec("SELECT spotter.erase_some($1, 1000)", pqxx::params{to_string(coach)});
  CAF_CHECK_EQUAL(visible(), texts{});
  messages::offer_share invitation{
    domain::make_uuid_v7(), to_string(stranger) + "@example.org", {"live"}, {}};
  CAF_REQUIRE(!problem(athlete, invitation));
  as_admin("DELETE FROM spotter.account_email WHERE user_id = $1::uuid", stranger);
  CAF_CHECK(problem(athlete, messages::get_share{*invitation.share_id}) == failure_code::not_found);
}

CAF_TEST_FIXTURE_SCOPE_END()
