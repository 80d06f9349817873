#pragma once

#include "actors/messages/failure_error.hpp"
#include "persistence/reader.hpp"
#include "tests/persistence/pg_fixture.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scoped_actor.hpp>

#include <pqxx/pqxx>

#include <chrono>
#include <string>
#include <variant>

// What the tests of reads share: rows put in by the superuser, and a way to ask.

namespace spotter::tests {

/// `11111111-0000-7000-8000-0000000000NN`, and so on for other first digits.
inline domain::uuid id(char digit, int n) {
  auto text = std::string(8, digit) + "-0000-7000-8000-000000000000";
  const auto low = std::to_string(n);
  text.replace(text.size() - low.size(), low.size(), low);
  return *domain::parse_uuid(text);
}

inline const auto alice = id('a', 1);
inline const auto bob = id('b', 2);
inline const auto bench_press = id('e', 1);
inline const auto squat = id('e', 2);

inline std::string text(const domain::uuid& x) {
  return domain::to_string(x);
}

/// Rows, put in as the superuser.
class story {
public:
  explicit story(const std::string& superuser) : connection_(superuser) {}

  template <class... Args>
  pqxx::result sql(std::string_view what, Args&&... args) {
    pqxx::nontransaction work{connection_};
    return work.exec(what, pqxx::params{std::forward<Args>(args)...});
  }

  void user(const domain::uuid& who, const std::string& email) {
    sql("INSERT INTO spotter.app_user (user_id, email, display_name, time_zone, unit,"
        " password_hash, version, created_at, updated_at) VALUES ($1, $2, 'Al', 'Europe/Berlin',"
        " 2, 'secret', 3, '2026-01-01 00:00:00+00', '2026-01-02 00:00:00+00')",
        text(who), email);
  }

  void exercise(const domain::uuid& which, const std::string& name, const std::string& aliases) {
    sql("INSERT INTO spotter.exercise (exercise_id, slug, name, equipment, mechanic, category,"
        " search, created_at, updated_at) VALUES ($1::uuid, $1::uuid::text, $2::text, 'barbell',"
        " 'compound', 'strength', lower($2::text || chr(10) || $3::text),"
        " '2026-01-01 00:00:00+00', '2026-01-01 00:00:00+00')",
        text(which), name, aliases);
  }

  void workout(const domain::uuid& who, const domain::uuid& which, const std::string& started_at,
               int version = 1) {
    sql("INSERT INTO spotter.workout (user_id, workout_id, title, started_at, time_zone,"
        " local_date, first_seq, version, created_at, updated_at) VALUES ($1, $2, 'Push', $3,"
        " 'Europe/Berlin', $3::timestamptz::date, 1, $4, '2026-03-01 17:00:00+00',"
        " '2026-03-01 17:00:00+00')",
        text(who), text(which), started_at, version);
  }

  void instance(const domain::uuid& who, const domain::uuid& workout, const domain::uuid& which,
                const domain::uuid& exercise, int position, int version) {
    sql("INSERT INTO spotter.exercise_instance (user_id, exercise_instance_id, workout_id,"
        " exercise_id, position, version) VALUES ($1, $2, $3, $4, $5, $6)",
        text(who), text(which), text(workout), text(exercise), position, version);
  }

  void set(const domain::uuid& who, const domain::uuid& workout, const domain::uuid& instance,
           const domain::uuid& which, int position, int kind, int reps, double kg, int version) {
    sql("INSERT INTO spotter.workout_set (user_id, workout_id, set_id, exercise_instance_id,"
        " position, kind, reps, weight_value, weight_unit, weight_g, completed_at, version,"
        " created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, $8::float8 * 1000,"
        " '2026-03-01 17:10:00.5+00', $9, '2026-03-01 17:10:01+00', '2026-03-01 17:10:01+00')",
        text(who), text(workout), text(which), text(instance), position, kind, reps, kg, version);
  }

  void event(const domain::uuid& who, int seq, int name, const std::string& workout = {},
             const std::string& data = "{\"set\":{\"b\" : 1,  \"a\":2}}") {
    sql("INSERT INTO spotter.event (user_id, seq, epoch, name, workout_id, unit_id, at, data)"
        " VALUES ($1, $2, 7, $3, NULLIF($4, '')::uuid, $1, '2026-03-01 17:10:00+00', $5)",
        text(who), seq, name, workout, data);
  }

private:
  pqxx::connection connection_;
};

/// A migrated database with two athletes and two exercises, and readers on it.
struct read_fixture : pg_fixture {
  caf::actor_system_config config;
  caf::actor_system system{config};
  caf::scoped_actor self{system};
  story rows{superuser()};
  persistence::reader_settings settings;
  messages::reader_actor reader;

  read_fixture() {
    rows.user(alice, "alice@example.org");
    rows.user(bob, "bob@example.org");
    rows.exercise(bench_press, "Bench Press", "Flat Bench");
    rows.exercise(squat, "Squat", "");
    settings.connection.server = server();
    restart();
  }

  ~read_fixture() { stop(); }

  /// Begins anew with what `settings` say now.
  void restart() {
    stop();
    reader = persistence::spawn_reader(system, settings);
  }

  void stop() {
    if (reader)
      self->send_exit(reader, caf::exit_reason::user_shutdown);
    reader = nullptr;
  }

  /// The answer to a request that has one, or the failure that came instead.
  template <class Reply, class Query>
  std::variant<Reply, messages::failure> ask(Query query) {
    std::variant<Reply, messages::failure> out;
    self->request(reader, std::chrono::seconds{30}, std::move(query))
      .receive([&](Reply& reply) { out = std::move(reply); },
               [&](const caf::error& why) { out = messages::to_failure(why); });
    return out;
  }

  template <class Reply, class Query>
  Reply load(Query query) {
    auto answer = ask<Reply>(std::move(query));
    if (const auto* why = std::get_if<messages::failure>(&answer))
      throw std::runtime_error{"refused: " + why->detail};
    return std::move(std::get<Reply>(answer));
  }

  /// The body of a read, or "failure <code>: <detail>".
  std::string read(const domain::uuid& who, messages::query what) {
    auto reply = load<messages::read_reply>(messages::read{who, std::move(what)});
    if (const auto* why = std::get_if<messages::failure>(&reply.result))
      return "failure " + std::to_string(static_cast<int>(why->code)) + ": " + why->detail;
    version = std::get<messages::rendered>(reply.result).version;
    return std::get<messages::rendered>(reply.result).body.str();
  }

  std::int64_t version = 0; // of the last read
};

/// The cursor that a page ends with, "" for the last.
inline std::string next_cursor(const std::string& page) {
  constexpr std::string_view key = "\"next_cursor\":\"";
  const auto at = page.rfind(key);
  if (at == std::string::npos)
    return {};
  const auto from = at + key.size();
  return page.substr(from, page.find('"', from) - from);
}

/// The ids of a page's items, in order, each cut to its last two characters.
inline std::string ids(const std::string& page) {
  std::string out;
  constexpr std::string_view key = "{\"id\":\"";
  for (auto at = page.find(key); at != std::string::npos; at = page.find(key, at + 1))
    out += (out.empty() ? "" : " ") + page.substr(at + key.size() + 34, 2);
  return out;
}

} // namespace spotter::tests
