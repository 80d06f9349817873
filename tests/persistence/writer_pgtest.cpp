#include "persistence/writer.hpp"

#include "actors/messages/cluster.hpp"
#include "actors/shard/shard.hpp"
#include "persistence/ownership.hpp"
#include "persistence/row_batch.hpp"
#include "tests/persistence/read_story.hpp"

#include <caf/event_based_actor.hpp>

#define CAF_SUITE writer
#include "caf/test/unit_test.hpp"

using namespace spotter;
using namespace spotter::messages;
using namespace spotter::persistence;
using namespace std::chrono_literals;

namespace {

/// A writer on a real database, with one live workout of each of two people.
struct fixture : tests::pg_fixture {
  caf::actor_system_config config;
  caf::actor_system system{config};
  caf::scoped_actor self{system};
  tests::story rows{superuser()};
  domain::uuid owner = domain::make_uuid_v7();
  shard_epochs epochs = take_all_shards(settings(database_role::writer), owner);
  writer_actor writer = spawn_writer(system, how());

  fixture() {
    rows.exercise(tests::bench_press, "Bench press", "");
    add_person(tests::alice, "alice@example.org", 'a');
    add_person(tests::bob, "bob@example.org", 'b');
  }

  ~fixture() { self->send_exit(writer, caf::exit_reason::user_shutdown); }

  writer_settings how() {
    writer_settings out;
    out.connection = settings(database_role::writer);
    out.connect_deadline = 3s;
    return out;
  }

  static domain::uuid workout_of(char digit) { return tests::id(digit, 10); }
  static domain::uuid instance_of(char digit) { return tests::id(digit, 20); }

  void add_person(const domain::uuid& who, const std::string& email, char digit) {
    rows.user(who, email);
    rows.workout(who, workout_of(digit), "2026-03-01 17:00:00+00");
    rows.instance(who, workout_of(digit), instance_of(digit), tests::bench_press, 0, 1);
  }

  /// A set of 5 × 100 kg as one unit.
  std::shared_ptr<store_unit> set_unit(const domain::uuid& who, char digit, std::int64_t seq) {
    auto unit = std::make_shared<store_unit>();
    unit->user_id = who;
    unit->unit_id = domain::make_uuid_v7();
    const auto epoch = epochs[static_cast<std::size_t>(shard_of(who))];
    unit->events.push_back({{epoch, seq},
                            event_name::set_logged,
                            workout_of(digit),
                            domain::now(),
                            shared_text{R"({"set":{}})"}});
    domain::set_record set;
    set.set_id = domain::make_uuid_v7();
    set.workout_id = workout_of(digit);
    set.exercise_instance_id = instance_of(digit);
    set.actual.reps = 5;
    set.actual.weight = domain::weight{100, domain::weight_unit::kg};
    set.actual.rpe = 8.5;
    set.completed_at = set.created_at = set.updated_at = domain::now();
    set.version = seq;
    unit->changes.emplace_back(add_set{set});
    return unit;
  }

  void send(const std::shared_ptr<store_unit>& unit) { self->send(writer, store{unit}); }

  stored receive() {
    stored out;
    self->receive([&out](const stored& s) { out = s; },
                  caf::after(20s) >> [] { CAF_FAIL("the writer does not answer"); });
    return out;
  }

  store_result commit(const std::shared_ptr<store_unit>& unit) {
    send(unit);
    return receive().result;
  }

  int count(const std::string& table) {
    return rows.sql("SELECT count(*) FROM spotter." + table)[0][0].as<int>();
  }

  /// Ends the writer's connections from outside.
  void cut_connections() {
    rows.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
             " WHERE usename = 'spotter_writer' AND datname = current_database()");
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(writer_tests, fixture)

CAF_TEST(stores a set with its event) {
  CAF_CHECK_EQUAL(commit(set_unit(tests::alice, 'a', 1)), store_result::committed);
  const auto row = rows.sql("SELECT reps, weight_value, weight_g, rpe, version FROM"
                            " spotter.workout_set")[0];
  CAF_CHECK_EQUAL(row[0].as<int>(), 5);
  CAF_CHECK_EQUAL(row[1].as<double>(), 100.0);
  CAF_CHECK_EQUAL(row[2].as<int>(), 100'000);
  CAF_CHECK_EQUAL(row[3].as<double>(), 8.5);
  CAF_CHECK_EQUAL(count("event"), 1);
}

CAF_TEST(a commit keeps its connection) {
  CAF_CHECK_EQUAL(commit(set_unit(tests::alice, 'a', 1)), store_result::committed);
  const auto* made = system.metrics().counter_singleton("spotter.writer", "reconnects", "");
  const auto before = made->value();
  for (int seq = 2; seq < 5; ++seq)
    CAF_CHECK_EQUAL(commit(set_unit(tests::alice, 'a', seq)), store_result::committed);
  CAF_CHECK_EQUAL(made->value(), before);
}

CAF_TEST(a new workout comes with its first set and its answer) {
  auto unit = set_unit(tests::alice, 'a', 1);
  auto set = std::get<add_set>(unit->changes[0]).set;
  domain::workout w;
  w.workout_id = set.workout_id = domain::make_uuid_v7();
  w.title = "Bench day";
  w.started_at = w.created_at = w.updated_at = domain::now();
  w.time_zone = "Europe/Berlin";
  w.local_date = "2026-02-03";
  w.first_seq = w.version = 1;
  domain::exercise_instance instance;
  instance.instance_id = set.exercise_instance_id = domain::make_uuid_v7();
  instance.workout_id = w.workout_id;
  instance.exercise_id = tests::bench_press;
  instance.version = 1;
  unit->changes = {add_set{set}, put_workout{w, {}}};
  unit->changes.emplace_back(put_instance{instance, false});
  for (const auto& record : domain::new_records(set, tests::bench_press, {}))
    unit->changes.emplace_back(put_record{record});
  unit->answers = {{"key", "print", true, 1, {1, 1}, shared_text{"{}"}}};
  CAF_CHECK_EQUAL(commit(unit), store_result::committed);
  CAF_CHECK_EQUAL(count("workout_set"), 1);
  CAF_CHECK_EQUAL(count("personal_record"), 2);
  CAF_CHECK_EQUAL(count("idempotency_key"), 1);

  auto second = set_unit(tests::alice, 'a', 2);
  w.state = domain::workout_state::finished;
  w.finished_at = w.updated_at = domain::now();
  w.version = 2;
  second->changes = {put_workout{w, domain::workout_summary{1, 5, 500'000, 1}}};
  CAF_CHECK_EQUAL(commit(second), store_result::committed);
  const auto row =
    rows.sql("SELECT title, state, local_date::text, finished_at IS NOT NULL, version,"
             "       concat_ws(' ', set_count, rep_count, volume_g, exercise_count)"
             "  FROM spotter.workout WHERE title = 'Bench day'")[0];
  CAF_CHECK_EQUAL(row[1].as<int>(), 2);
  CAF_CHECK_EQUAL(row[2].as<std::string>(), "2026-02-03");
  CAF_CHECK(row[3].as<bool>());
  CAF_CHECK_EQUAL(row[4].as<int>(), 2);
  CAF_CHECK_EQUAL(row[5].as<std::string>(), "1 5 500000 1");
  CAF_CHECK_EQUAL(rows.sql("SELECT count(*) FROM spotter.audit")[0][0].as<int>(), 1);
}

CAF_TEST(one bad unit fails alone) {
  auto good = set_unit(tests::alice, 'a', 1);
  auto bad = set_unit(tests::bob, 'b', 1);
  std::get<add_set>(bad->changes[0]).set.actual.reps = 1'000'000;
  send(good);
  send(bad);
  auto first = receive();
  auto second = receive();
  if (first.user_id != tests::alice)
    std::swap(first, second);
  CAF_CHECK_EQUAL(first.result, store_result::committed);
  CAF_CHECK_EQUAL(second.result, store_result::rejected);
  CAF_CHECK_EQUAL(count("event"), 1);
}

CAF_TEST(a former owner is fenced) {
  auto unit = set_unit(tests::alice, 'a', 1);
  static_cast<void>(take_all_shards(settings(database_role::writer), domain::make_uuid_v7()));
  CAF_CHECK_EQUAL(commit(unit), store_result::fenced);
  CAF_CHECK_EQUAL(count("workout_set"), 0);
}

CAF_TEST(a taken place in the story is superseded) {
  CAF_CHECK_EQUAL(commit(set_unit(tests::alice, 'a', 1)), store_result::committed);
  CAF_CHECK_EQUAL(commit(set_unit(tests::alice, 'a', 1)), store_result::superseded);
  CAF_CHECK_EQUAL(count("workout_set"), 1);
}

CAF_TEST(the same unit again is committed once) {
  // As after a cut connection: the writer finds that it was there already.
  auto unit = set_unit(tests::alice, 'a', 1);
  CAF_CHECK_EQUAL(commit(unit), store_result::committed);
  std::get<add_set>(unit->changes[0]).set.set_id = domain::make_uuid_v7();
  CAF_CHECK_EQUAL(commit(unit), store_result::committed);
  CAF_CHECK_EQUAL(count("workout_set"), 1);
  CAF_CHECK_EQUAL(count("event"), 1);
}

CAF_TEST(a cut connection loses and doubles nothing) {
  CAF_CHECK_EQUAL(commit(set_unit(tests::alice, 'a', 1)), store_result::committed);
  for (int seq = 2; seq < 22; ++seq) {
    if (seq % 5 == 0)
      cut_connections();
    CAF_CHECK_EQUAL(commit(set_unit(tests::alice, 'a', seq)), store_result::committed);
  }
  CAF_CHECK_EQUAL(count("workout_set"), 21);
  CAF_CHECK_EQUAL(count("event"), 21);
}

CAF_TEST(the writer sees no user that its batch does not name) {
  auto unit = set_unit(tests::alice, 'a', 1);
  // A row of Bob's in a unit of Alice's: the policy refuses it.
  std::get<add_set>(unit->changes[0]).set.workout_id = workout_of('b');
  std::get<add_set>(unit->changes[0]).set.exercise_instance_id = instance_of('b');
  CAF_CHECK_EQUAL(commit(unit), store_result::rejected);
  CAF_CHECK_EQUAL(count("event"), 0);
}

CAF_TEST(an answer to a key is stored with its unit or not at all) {
  auto unit = set_unit(tests::alice, 'a', 1);
  unit->answers = {{"key", "print", true, 1, {1, 1}, shared_text{"{}"}}};
  CAF_CHECK_EQUAL(commit(unit), store_result::committed);
  CAF_CHECK_EQUAL(count("idempotency_key"), 1);
  auto second = set_unit(tests::alice, 'a', 2);
  second->answers = unit->answers;
  CAF_CHECK_EQUAL(commit(second), store_result::rejected);
  CAF_CHECK_EQUAL(count("event"), 1);
}

CAF_TEST(a key that is a day old may be used anew) {
  auto unit = set_unit(tests::alice, 'a', 1);
  unit->answers = {{"key", "print", true, 1, {1, 1}, shared_text{"{}"}}};
  CAF_CHECK_EQUAL(commit(unit), store_result::committed);
  for (const bool by_rows : {true, false}) {
    rows.sql("UPDATE spotter.idempotency_key SET created_at = now() - interval '24 hours'");
    auto later = set_unit(tests::alice, 'a', by_rows ? 2 : 3);
    if (!by_rows)
      later->changes = {clear_workout{workout_of('a'), 3, domain::now()}};
    later->answers = {{"key", "another print", true, 1, {1, 1}, shared_text{"{}"}}};
    CAF_CHECK_EQUAL(commit(later), store_result::committed);
    CAF_CHECK_EQUAL(count("idempotency_key"), 1);
  }
}

CAF_TEST(a set can not take the instance of another workout) {
  const auto other = tests::id('a', 30);
  rows.workout(tests::alice, other, "2026-03-02 17:00:00+00");
  auto unit = set_unit(tests::alice, 'a', 1);
  std::get<add_set>(unit->changes[0]).set.workout_id = other;
  domain::exercise_instance taken;
  taken.instance_id = instance_of('a');
  taken.workout_id = other;
  taken.exercise_id = tests::bench_press;
  taken.position = 7;
  taken.version = 1;
  unit->changes.emplace_back(put_instance{taken, false});
  CAF_CHECK_EQUAL(commit(unit), store_result::rejected);
  CAF_CHECK_EQUAL(count("workout_set"), 0);
  const auto kept = rows.sql("SELECT position FROM spotter.exercise_instance");
  CAF_CHECK_EQUAL(kept[0][0].as<int>(), 0);
}

CAF_TEST(a unit of several commands is stored whole with all its answers) {
  auto unit = set_unit(tests::alice, 'a', 1);
  const auto first = std::get<add_set>(unit->changes[0]).set;
  for (std::int64_t seq = 2; seq < 5; ++seq) {
    const auto next = set_unit(tests::alice, 'a', seq);
    unit->events.push_back(next->events[0]);
    auto set = std::get<add_set>(next->changes[0]).set;
    domain::exercise_instance instance;
    instance.instance_id = set.exercise_instance_id = domain::make_uuid_v7();
    instance.workout_id = set.workout_id;
    instance.exercise_id = tests::bench_press;
    instance.position = static_cast<std::int32_t>(seq);
    instance.version = seq;
    unit->changes.emplace_back(put_instance{instance, false});
    unit->changes.emplace_back(add_set{set});
    unit->answers.push_back({"key " + std::to_string(seq), "print", true, seq,
                             unit->events.back().at_position,
                             shared_text{R"({"n":)" + std::to_string(seq) + '}'}});
  }
  for (const auto kind : {domain::record_kind::weight, domain::record_kind::e1rm})
    unit->changes.emplace_back(
      put_record{{tests::bench_press, kind, 100, first.set_id, first.completed_at}});
  CAF_CHECK(row_batch::takes(*unit)); // one round trip
  CAF_CHECK_EQUAL(commit(unit), store_result::committed);
  CAF_CHECK_EQUAL(count("workout_set"), 4);
  CAF_CHECK_EQUAL(count("event"), 4);
  CAF_CHECK_EQUAL(count("personal_record"), 2);
  const auto answers = rows.sql("SELECT key, seq, body FROM spotter.idempotency_key ORDER BY seq");
  CAF_REQUIRE_EQUAL(answers.size(), 3);
  CAF_CHECK_EQUAL(answers[2][0].as<std::string>(), "key 4");
  CAF_CHECK_EQUAL(answers[2][1].as<int>(), 4);
  CAF_CHECK_EQUAL(answers[2][2].as<std::string>(), R"({"n":4})");
}

CAF_TEST(of a unit of several commands nothing is stored if one is refused) {
  auto unit = set_unit(tests::alice, 'a', 1);
  const auto next = set_unit(tests::alice, 'a', 2);
  std::get<add_set>(next->changes[0]).set.actual.reps = 1'000'000;
  unit->events.push_back(next->events[0]);
  unit->changes.push_back(next->changes[0]);
  unit->answers.push_back({"key", "print", true, 1, {1, 1}, shared_text{"{}"}});
  CAF_CHECK_EQUAL(commit(unit), store_result::rejected);
  CAF_CHECK_EQUAL(count("event"), 0);
  CAF_CHECK_EQUAL(count("workout_set"), 0);
  CAF_CHECK_EQUAL(count("idempotency_key"), 0);
}

CAF_TEST(a unit that writes a row twice is not for one statement) {
  const auto unit = set_unit(tests::alice, 'a', 1);
  domain::exercise_instance instance;
  instance.instance_id = domain::make_uuid_v7();
  unit->changes.emplace_back(put_instance{instance, false});
  CAF_CHECK(row_batch::takes(*unit));
  unit->changes.emplace_back(put_instance{instance, false});
  CAF_CHECK(!row_batch::takes(*unit));
}

CAF_TEST(rebuilt records follow the rules of the domain) {
  auto unit = set_unit(tests::alice, 'a', 1);
  auto heavier = std::get<add_set>(unit->changes[0]).set;
  heavier.set_id = domain::make_uuid_v7();
  heavier.actual.reps = 1;
  heavier.actual.weight = domain::weight{110, domain::weight_unit::kg};
  auto warmup = heavier;
  warmup.set_id = domain::make_uuid_v7();
  warmup.kind = domain::set_kind::warmup;
  warmup.actual.weight = domain::weight{200, domain::weight_unit::kg};
  unit->changes.emplace_back(add_set{heavier});
  unit->changes.emplace_back(add_set{warmup});
  unit->changes.emplace_back(rebuild_records{tests::bench_press});
  CAF_CHECK_EQUAL(commit(unit), store_result::committed);
  const auto records = rows.sql("SELECT kind, value FROM spotter.personal_record ORDER BY kind");
  CAF_REQUIRE_EQUAL(records.size(), 2);
  CAF_CHECK_EQUAL(records[0][1].as<double>(), 110.0);
  std::vector<domain::personal_record> best;
  for (const auto& set : {std::get<add_set>(unit->changes[0]).set, heavier, warmup})
    for (const auto& record : domain::new_records(set, tests::bench_press, best)) {
      std::erase_if(best, [&record](const auto& b) { return b.kind == record.kind; });
      best.push_back(record);
    }
  for (const auto& record : best)
    if (record.kind == domain::record_kind::e1rm)
      CAF_CHECK(std::abs(records[1][1].as<double>() - record.value) < 1e-9);
}

CAF_TEST(a session works through the whole chain and survives its end) {
  auto env = std::make_shared<actors::session_environment>();
  env->epoch = epochs[static_cast<std::size_t>(shard_of(tests::alice))];
  env->writer = writer;
  reader_settings reading;
  reading.connection = settings(database_role::reader);
  env->reader = spawn_reader(system, reading);
  auto shard = actors::spawn_shard(system, env, {});
  const auto ask = [&](command_body body) {
    outcome out;
    caf::actor session;
    self->request(shard, 5s, get_session{tests::alice})
      .receive([&](const session_found& found) { session = found.session; },
               [](const caf::error& why) { CAF_FAIL(why); });
    self->request(session, 10s, command{tests::alice, {}, {}, {}, std::move(body)})
      .receive(
        [&out](const command_reply& reply) {
          if (const auto* refused = std::get_if<failure>(&reply.result))
            CAF_FAIL(refused->detail);
          out = std::get<outcome>(reply.result);
        },
        [](const caf::error& why) { CAF_FAIL(why); });
    return out;
  };
  rows.sql("DELETE FROM spotter.exercise_instance");
  rows.sql("DELETE FROM spotter.workout");
  const auto id = domain::make_uuid_v7();
  ask(start_workout{id, "Push", {}, {}, {}});
  log_set set;
  set.workout_id = id;
  set.entry.set_id = domain::make_uuid_v7();
  set.entry.exercise_id = tests::bench_press;
  set.entry.actual.reps = 5;
  set.entry.actual.weight = domain::weight{100, domain::weight_unit::kg};
  set.entry.target = set.entry.actual;
  const auto logged = ask(set);
  CAF_CHECK_EQUAL(logged.at.seq, 4); // the set and two first records
  update_set change;
  change.workout_id = id;
  change.set_id = *set.entry.set_id;
  change.given = member_reps;
  change.actual.reps = 8;
  const auto changed = ask(change);
  ask(delete_set{id, *set.entry.set_id});
  // A new owner of the shard knows what the old one stored.
  self->send_exit(shard, caf::exit_reason::user_shutdown);
  epochs = take_all_shards(settings(database_role::writer), domain::make_uuid_v7());
  auto env2 = std::make_shared<actors::session_environment>(*env);
  env2->epoch = epochs[static_cast<std::size_t>(shard_of(tests::alice))];
  shard = actors::spawn_shard(system, env2, {});
  const auto back = ask(revert_workout{id, changed.version});
  CAF_CHECK_NOT_EQUAL(back.body.str().find(R"("reps":8)"), std::string::npos);
  const auto finished = ask(finish_workout{id, {}});
  CAF_CHECK_NOT_EQUAL(finished.body.str().find(R"("volume_kg":800)"), std::string::npos);
  CAF_CHECK_EQUAL(rows.sql("SELECT count(*) = max(seq) FROM spotter.event")[0][0].as<bool>(), true);
  self->send_exit(shard, caf::exit_reason::user_shutdown);
  self->send_exit(env->reader, caf::exit_reason::user_shutdown);
}

CAF_TEST_FIXTURE_SCOPE_END()
