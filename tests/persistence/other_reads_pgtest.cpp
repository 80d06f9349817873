#include "persistence/repository/import_repository.hpp"
#include "persistence/repository/recommendation_repository.hpp"
#include "persistence/repository/record_repository.hpp"
#include "persistence/repository/session_repository.hpp"

#include "domain/base64.hpp"
#include "tests/persistence/read_story.hpp"

#define CAF_SUITE other_reads
#include "caf/test/dsl.hpp"

using namespace spotter;
using namespace spotter::tests;

namespace {

const auto push = id('1', 1);
const auto file = id('6', 1);
const auto advice = id('7', 1);

struct fixture : read_fixture {
  void import(int n, const std::string& created_at) {
    rows.sql("INSERT INTO spotter.import (user_id, import_id, provider, file_name, content_hash,"
             " unit, time_zone, status, created_count, failed_count, total, done, version,"
             " created_at, updated_at) VALUES ($1, $2, 'hevy', 'w.csv', 'h', 'lb',"
             " 'Europe/Berlin', 'running', 3, 1, 9, 4, 12, $3, '2026-03-05 00:00:00+00')",
             text(alice), text(id('6', n)), created_at);
  }

  void record(const domain::uuid& exercise, int kind, double value) {
    rows.sql("INSERT INTO spotter.personal_record (user_id, exercise_id, kind, value, set_id,"
             " achieved_at) VALUES ($1, $2, $3, $4, $5, '2026-03-01 17:10:00+00')",
             text(alice), text(exercise), kind, value, text(id('3', 1)));
  }

  void recommendation() {
    rows.sql("INSERT INTO spotter.recommendation (user_id, recommendation_id, kind, engine,"
             " inputs, output, version) VALUES ($1, $2, 'next_set', 'e@1', '{}',"
             " '{\"id\":\"x\",\"kg\" : 1,\"version\":4}', 4)",
             text(alice), text(advice));
  }

  static std::string record_json(const domain::uuid& exercise, const std::string& kind,
                                 const std::string& value) {
    return R"({"exercise_id":")" + text(exercise) + R"(","kind":")" + kind + R"(","value":)" + value
           + R"(,"set_id":"33333333-0000-7000-8000-000000000001",)"
             R"("achieved_at":"2026-03-01T17:10:00Z"})";
  }
};

const std::string import_json =
  R"({"id":"66666666-0000-7000-8000-000000000001","provider":"hevy","file_name":"w.csv",)"
  R"("status":"running","counts":{"created":3,"updated":0,"unchanged":0,"failed":1},)"
  R"("total":9,"done":4,"problem":null,"version":12,"created_at":"2026-03-01T00:00:00Z",)"
  R"("updated_at":"2026-03-05T00:00:00Z"})";

} // namespace

CAF_TEST_FIXTURE_SCOPE(other_reads, fixture)

CAF_TEST(a profile has no secrets and no deleted user has one) {
  CAF_CHECK_EQUAL(
    read(alice, messages::get_profile{}),
    R"({"id":"aaaaaaaa-0000-7000-8000-000000000001","email":"alice@example.org","email_verified":false,)"
    R"("display_name":"Al","time_zone":"Europe/Berlin","unit":"lb","role":"member","version":3,)"
    R"("created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-02T00:00:00Z"})");
  CAF_CHECK_EQUAL(version, 3);
  rows.sql("UPDATE spotter.app_user SET deleted_at = now()");
  CAF_CHECK_EQUAL(read(alice, messages::get_profile{}), "failure 2: there is no such user");
}

CAF_TEST(records page by exercise and kind) {
  record(squat, 1, 140);
  record(bench_press, 2, 112.5);
  record(bench_press, 1, 100);
  const auto one = read(alice, messages::get_records{{2, {}}});
  CAF_CHECK(one.starts_with(R"({"items":[)" + record_json(bench_press, "weight", "100") + ','
                            + record_json(bench_press, "e1rm", "112.5") + "],"));
  CAF_CHECK_EQUAL(read(alice, messages::get_records{{2, next_cursor(one)}}),
                  R"({"items":[)" + record_json(squat, "weight", "140")
                    + R"(],"next_cursor":null})");
}

CAF_TEST(imports page newest first and one has its version) {
  import(1, "2026-03-01 00:00:00+00");
  import(2, "2026-03-03 00:00:00+00");
  import(3, "2026-03-02 00:00:00+00");
  const auto one = read(alice, messages::get_imports{{2, {}}});
  CAF_CHECK_EQUAL(ids(one), "02 03");
  CAF_CHECK_EQUAL(read(alice, messages::get_imports{{2, next_cursor(one)}}),
                  R"({"items":[)" + import_json + R"(],"next_cursor":null})");
  CAF_CHECK_EQUAL(read(alice, messages::get_import{file}), import_json);
  CAF_CHECK_EQUAL(version, 12);
  const auto image = load<messages::import_image>(messages::load_import{alice, file});
  CAF_REQUIRE(image.state.has_value());
  CAF_CHECK_EQUAL(image.state->counts.created, 3);
  CAF_CHECK_EQUAL(image.state->status, "running");
  CAF_CHECK(!load<messages::import_image>(messages::load_import{alice, id('6', 9)}).state);
}

CAF_TEST(an import says what its problem is) {
  import(1, "2026-03-01 00:00:00+00");
  rows.sql("UPDATE spotter.import SET status = 'failed', problem_code = 'not_csv',"
           " problem_detail = 'No header', version = 13");
  CAF_CHECK(read(alice, messages::get_import{file})
              .find(R"("problem":{"code":"not_csv","detail":"No header"},"version":13,)")
            != std::string::npos);
}

CAF_TEST(a log pages by line) {
  import(1, "2026-03-01 00:00:00+00");
  for (const auto line : {7, 2, 2, 9})
    rows.sql("INSERT INTO spotter.import_log (user_id, import_id, line, severity, code, message)"
             " VALUES ($1, $2, $3::int, 'warning', 'odd', 'Line \"' || $3::int || '\"')",
             text(alice), text(file), line);
  const auto entry = [](int line) {
    return R"({"line":)" + std::to_string(line)
           + R"(,"severity":"warning","code":"odd","message":"Line \")" + std::to_string(line)
           + R"(\""})";
  };
  const auto one = read(alice, messages::get_import_log{file, {3, {}}});
  CAF_CHECK(one.starts_with(R"({"items":[)" + entry(2) + ',' + entry(2) + ',' + entry(7) + "],"));
  CAF_CHECK_EQUAL(read(alice, messages::get_import_log{file, {3, next_cursor(one)}}),
                  R"({"items":[)" + entry(9) + R"(],"next_cursor":null})");
  CAF_CHECK_EQUAL(read(alice, messages::get_import_log{id('6', 9), {}}),
                  "failure 2: there is no such import");
}

CAF_TEST(the file of an import comes back byte for byte) {
  import(1, "2026-03-01 00:00:00+00");
  rows.sql("INSERT INTO spotter.import_file (user_id, import_id, content)"
           " VALUES ($1, $2, '\\x00ff410a22'::bytea)",
           text(alice), text(file));
  const auto found = load<messages::import_file>(messages::load_import_file{alice, file});
  CAF_CHECK(found.found);
  CAF_CHECK_EQUAL(found.unit, "lb");
  CAF_CHECK_EQUAL(found.time_zone, "Europe/Berlin");
  CAF_CHECK(found.content.view()
            == std::string_view("\0\xff"
                                "A\n\"",
                                5));
  CAF_CHECK(!load<messages::import_file>(messages::load_import_file{bob, file}).found);
}

CAF_TEST(a recommendation is as it was told and then has its outcome) {
  recommendation();
  CAF_CHECK_EQUAL(read(alice, messages::get_recommendation{advice}),
                  R"({"id":"x","kg" : 1,"version":4})");
  CAF_CHECK_EQUAL(version, 4);
  rows.sql("UPDATE spotter.recommendation SET accepted = true, outcome = '{\"reps\": 8}',"
           " version = 6");
  CAF_CHECK_EQUAL(read(alice, messages::get_recommendation{advice}),
                  R"({"id":"x","kg" : 1,"accepted":true,"outcome":{"reps": 8},"version":6})");
  CAF_CHECK_EQUAL(version, 6);
}

CAF_TEST(no read shows anything of another user) {
  rows.workout(alice, push, "2026-03-01 17:00:00+00");
  rows.instance(alice, push, id('2', 1), squat, 0, 1);
  rows.set(alice, push, id('2', 1), id('3', 1), 0, 1, 5, 100, 1);
  rows.event(alice, 1, 6, text(push));
  record(squat, 1, 140);
  import(1, "2026-03-01 00:00:00+00");
  recommendation();
  const std::string empty = R"({"items":[],"next_cursor":null})";
  const auto hidden = [this](messages::query what) {
    return read(bob, std::move(what)).starts_with("failure 2: there is no such ");
  };
  CAF_CHECK_EQUAL(read(bob, messages::get_workouts{}), empty);
  CAF_CHECK_EQUAL(read(bob, messages::get_records{}), empty);
  CAF_CHECK_EQUAL(read(bob, messages::get_imports{}), empty);
  CAF_CHECK_EQUAL(read(bob, messages::get_changes{}),
                  R"({"items":[],"position":{"epoch":0,"seq":0},"reset":false})");
  CAF_CHECK(hidden(messages::get_workout{push}));
  CAF_CHECK(hidden(messages::get_set{push, id('3', 1)}));
  CAF_CHECK(hidden(messages::get_history{push, {}}));
  CAF_CHECK(hidden(messages::get_import{file}));
  CAF_CHECK(hidden(messages::get_import_log{file, {}}));
  CAF_CHECK(hidden(messages::get_recommendation{advice}));
  CAF_CHECK(!load<messages::workout_image>(messages::load_workout{bob, push, 0}).workout);
  CAF_CHECK(!load<messages::workout_image>(messages::load_workout{bob, push, 1}).workout);
  CAF_CHECK(load<messages::session_image>(messages::load_session{bob}).live.empty());
  CAF_CHECK(load<messages::exercise_history>(messages::load_exercise_history{bob, squat, 5})
              .performances.empty());
  CAF_CHECK_EQUAL(load<messages::event_epoch>(messages::load_epoch{bob, 1}).epoch, 0);
  CAF_CHECK(!read(alice, messages::get_workout{push}).starts_with("failure"));
}

CAF_TEST(a cursor that a list did not give is refused) {
  for (int i = 1; i <= 3; ++i)
    rows.workout(alice, id('1', i), "2026-03-01 17:00:00+00");
  import(1, "2026-03-01 00:00:00+00");
  const auto good = next_cursor(read(alice, messages::get_workouts{{1, {}}, {}, {}, {}}));
  CAF_REQUIRE(!good.empty());
  std::vector<std::string> bad{
    "x", "!", "AAAA", good + "A", good.substr(1), std::string(5000, 'A')};
  for (const std::string_view plain :
       {"w|2026-03-01 17:00:00+00", "w|soon|11111111-0000-7000-8000-000000000001",
        "w|2026-03-01 17:00:00+00|me", "i|infinity|me", "h|", "h|-1", "h|1|2", "r|me|1",
        "r|11111111-0000-7000-8000-000000000001|x", "l|1", "l|1|x", "l|99999999999|1", "x|me|a",
        "x|11111111-0000-7000-8000-000000000001|\xff"})
    bad.push_back(domain::to_base64url(plain));
  for (const auto& cursor : bad) {
    const messages::page_window window{1, cursor};
    for (const auto& query : std::vector<messages::query>{
           messages::get_workouts{window, {}, {}, {}}, messages::get_history{push, window},
           messages::get_records{window}, messages::get_imports{window},
           messages::get_exercises{window, {}, {}, {}}, messages::get_import_log{file, window}}) {
      const auto reply = load<messages::read_reply>(messages::read{alice, query});
      const auto* why = std::get_if<messages::failure>(&reply.result);
      CAF_REQUIRE(why != nullptr);
      CAF_CHECK(why->code == messages::failure_code::invalid_content);
      CAF_REQUIRE_EQUAL(why->errors.size(), 1u);
      CAF_CHECK_EQUAL(why->errors[0].pointer, "cursor");
    }
  }
}

CAF_TEST_FIXTURE_SCOPE_END()
