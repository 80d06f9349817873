#include "persistence/reader.hpp"

#include "persistence/read_connection.hpp"
#include "tests/persistence/read_story.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <future>

#define CAF_SUITE reader
#include "caf/test/dsl.hpp"

using namespace spotter;
using namespace spotter::tests;
using namespace std::chrono_literals;
using messages::failure;
using messages::failure_code;

namespace {

/// Holds a table's lock, so that reads of it wait, until it goes out of scope.
class table_lock {
public:
  table_lock(const std::string& superuser, const std::string& table) : connection_(superuser) {
    work_.emplace(connection_);
    work_->exec("LOCK TABLE " + table + " IN ACCESS EXCLUSIVE MODE");
  }

private:
  pqxx::connection connection_;
  std::optional<pqxx::work> work_;
};

struct fixture : read_fixture {
  using answer = std::future<messages::read_reply>;

  /// Reads the profile without waiting for the answer. Reads are sent in the order of the calls.
  answer begin_profile() {
    auto promise = std::make_shared<std::promise<messages::read_reply>>();
    auto future = promise->get_future();
    self->spawn([promise, reader = reader](caf::event_based_actor* asker) {
      asker->request(reader, caf::infinite, messages::read{alice, messages::get_profile{}})
        .then(
          [promise](messages::read_reply& reply) { promise->set_value(std::move(reply)); },
          [promise](const caf::error& why) { promise->set_value({messages::to_failure(why)}); });
    });
    return future;
  }

  static std::string outcome(answer& what) {
    const auto reply = what.get();
    const auto* why = std::get_if<failure>(&reply.result);
    return why ? "failure " + std::to_string(static_cast<int>(why->code)) : "done";
  }

  /// Waits until so many of our queries wait for a lock.
  void wait_for_blocked(int count) {
    while (rows
             .sql("SELECT count(*) FROM pg_stat_activity WHERE usename = 'spotter_reader'"
                  " AND datname = current_database() AND wait_event_type = 'Lock'")[0][0]
             .as<int>()
           < count)
      std::this_thread::yield();
  }

  bool ready() { return load<messages::health>(messages::get_health{}).ready; }
};

const std::string profile_of_alice =
  R"({"id":"aaaaaaaa-0000-7000-8000-000000000001","email":"alice@example.org","email_verified":false,)"
  R"("display_name":"Al","time_zone":"Europe/Berlin","unit":"lb","role":"member","version":3,)"
  R"("created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-02T00:00:00Z"})";

} // namespace

CAF_TEST_FIXTURE_SCOPE(reader, fixture)

CAF_TEST(a read that finds its connection gone is served by a fresh one) {
  settings.readers = 1;
  restart();
  CAF_CHECK_EQUAL(read(alice, messages::get_profile{}), profile_of_alice);
  for (int round = 0; round < 3; ++round) {
    rows.sql("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
             " WHERE usename = 'spotter_reader' AND datname = current_database()");
    CAF_CHECK_EQUAL(read(alice, messages::get_profile{}), profile_of_alice);
  }
}

CAF_TEST(a connection that breaks during a read is replaced too) {
  settings.readers = 1;
  restart();
  answer waiting;
  {
    table_lock lock{superuser(), "spotter.app_user"};
    waiting = begin_profile();
    wait_for_blocked(1);
    rows.sql("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
             " WHERE usename = 'spotter_reader' AND datname = current_database()");
  }
  CAF_CHECK_EQUAL(outcome(waiting), "done");
}

CAF_TEST(without a database reads are refused at once and served when it is back) {
  settings.connection.server = "host=/nonexistent";
  restart();
  auto reply = load<messages::read_reply>(messages::read{alice, messages::get_profile{}});
  CAF_REQUIRE(std::holds_alternative<failure>(reply.result));
  CAF_CHECK(std::get<failure>(reply.result).code == failure_code::unavailable);
  CAF_CHECK(std::get<failure>(reply.result).retry_after_ms > 0);
  auto image = ask<messages::session_image>(messages::load_session{alice});
  CAF_REQUIRE(std::holds_alternative<failure>(image));
  CAF_CHECK(std::get<failure>(image).code == failure_code::unavailable);
  CAF_CHECK(!ready());
  settings.connection.server = server();
  restart();
  CAF_CHECK(ready());
}

CAF_TEST(reads beyond the backlog are refused and the others are served) {
  settings.readers = 2;
  settings.backlog = 1;
  restart();
  std::vector<answer> answers;
  {
    table_lock lock{superuser(), "spotter.app_user"};
    answers.push_back(begin_profile());
    wait_for_blocked(1);
    answers.push_back(begin_profile());
    wait_for_blocked(2);
    answers.push_back(begin_profile());
    answers.push_back(begin_profile());
    // One of the two finds room in the queue, whichever comes first.
    while (answers[2].wait_for(0s) != std::future_status::ready
           && answers[3].wait_for(0s) != std::future_status::ready)
      std::this_thread::yield();
    const auto refused = answers[2].wait_for(0s) == std::future_status::ready ? 2u : 3u;
    const auto reply = answers[refused].get();
    CAF_REQUIRE(std::holds_alternative<failure>(reply.result));
    CAF_CHECK(std::get<failure>(reply.result).code == failure_code::overloaded);
    CAF_CHECK(std::get<failure>(reply.result).retry_after_ms > 0);
    answers.erase(answers.begin() + refused);
    // What has no room for a failure gets an error that carries it.
    const auto image = ask<messages::session_image>(messages::load_session{alice});
    CAF_REQUIRE(std::holds_alternative<failure>(image));
    CAF_CHECK(std::get<failure>(image).code == failure_code::overloaded);
  }
  for (auto& waiting : answers)
    CAF_CHECK_EQUAL(outcome(waiting), "done");
}

CAF_TEST(a read that waits too long is told so and the reader goes on) {
  settings.readers = 1;
  settings.deadline = 100ms;
  restart();
  {
    table_lock lock{superuser(), "spotter.app_user"};
    auto running = begin_profile();
    auto queued = begin_profile();
    CAF_CHECK_EQUAL(outcome(running), "failure 19");
    CAF_CHECK_EQUAL(outcome(queued), "failure 19");
  }
  // The query that was given up still ends first.
  std::string last;
  do {
    last = read(alice, messages::get_profile{});
  } while (last.starts_with("failure 19"));
  CAF_CHECK_EQUAL(last, profile_of_alice);
}

CAF_TEST(a query that runs too long is cancelled) {
  settings.connection.statement_timeout = 50ms;
  restart();
  {
    table_lock lock{superuser(), "spotter.app_user"};
    CAF_CHECK(read(alice, messages::get_profile{}).starts_with("failure 19"));
  }
  CAF_CHECK_EQUAL(read(alice, messages::get_profile{}), profile_of_alice);
}

CAF_TEST(nothing of a user stays on a connection after a read) {
  const persistence::statement peek{"peek",
                                    "SELECT coalesce(current_setting('app.user_id', true), '')"};
  const persistence::statement count{"count", "SELECT count(*) FROM spotter.workout"};
  const persistence::statement call{"call", "SELECT count(*) FROM spotter.read_workout($1, $2)"};
  rows.workout(alice, id('1', 1), "2026-03-01 17:00:00+00");
  persistence::read_connection db{settings.connection};
  CAF_CHECK_EQUAL(db.call(call, pqxx::params{text(alice), text(id('1', 1))})[0][0].as<int>(), 1);
  CAF_CHECK_EQUAL(db.call(peek, {})[0][0].as<std::string>(), "");
  CAF_CHECK_EQUAL(db.call(count, {})[0][0].as<int>(), 0);
  const auto seen =
    db.as(alice, [&](auto& tx) { return tx.query(count, {})[0][0].template as<int>(); });
  CAF_CHECK_EQUAL(seen, 1);
  CAF_CHECK_EQUAL(db.call(peek, {})[0][0].as<std::string>(), "");
  CAF_CHECK_THROWS_AS(db.as(alice,
                            [&](auto& tx) {
                              return tx.query({"fails", "SELECT 1 / (count(*) - 1)"
                                                        " FROM spotter.workout"},
                                              {});
                            }),
                      pqxx::sql_error);
  CAF_CHECK_EQUAL(db.call(peek, {})[0][0].as<std::string>(), "");
  CAF_CHECK_EQUAL(db.call(count, {})[0][0].as<int>(), 0);
}

CAF_TEST_FIXTURE_SCOPE_END()
