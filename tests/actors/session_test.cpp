#include "actors/session/session.hpp"

#include "actors/shard/shard.hpp"

#define CAF_SUITE session
#include "caf/test/dsl.hpp"

using namespace spotter;
using namespace spotter::actors;
using namespace spotter::messages;
using namespace std::chrono_literals;

namespace {

/// What the fake database knows and was asked.
struct store_script {
  session_image image;
  std::vector<std::pair<std::shared_ptr<const store_unit>, caf::strong_actor_ptr>> units;
  std::vector<event> log;
  int loads = 0;
  int reads = 0;
};

writer_actor::behavior_type fake_writer(writer_actor::pointer self, store_script* script) {
  return {
    [self, script](const store& s) { script->units.emplace_back(s.unit, self->current_sender()); },
    [](get_health) {
      return health{"writer", true, {}};
    },
  };
}

reader_actor::behavior_type fake_reader(reader_actor::pointer, store_script* script) {
  return {
    [script](const messages::read&) {
      ++script->reads;
      return read_reply{rendered{1, shared_text{"{}"}}};
    },
    [script](const load_session&) {
      ++script->loads;
      return script->image;
    },
    [](const load_workout&) { return workout_image{}; },
    [](const load_exercise&) {
      return exercise_image{true, false, {}, {}};
    },
    [script](const load_events& ask) {
      event_range range;
      for (const auto& e : script->log)
        if (e.at_position.seq > ask.after && e.at_position.seq <= ask.to)
          range.events.push_back(e);
      return range;
    },
    [](const load_epoch&) { return event_epoch{}; },
    [](const load_sources&) { return source_matches{}; },
    [](const load_answer&) { return answer_image{}; },
    [](const load_import&) { return import_image{}; },
    [](const load_exercise_history&) { return exercise_history{}; },
    [](const load_exercise_names&) { return exercise_names{}; },
    [](const load_import_file&) { return import_file{}; },
    [](get_health) {
      return health{"reader", true, {}};
    },
  };
}

/// A subscriber that keeps what it is sent.
struct sink_script {
  std::vector<event> events;
  int ended = 0;
};

caf::behavior fake_sink(caf::event_based_actor*, sink_script* script) {
  return {
    [script](const events_published& p) {
      script->events.insert(script->events.end(), p.events.begin(), p.events.end());
    },
    [script](const session_ended&) { ++script->ended; },
  };
}

struct fixture : test_coordinator_fixture<> {
  store_script script;
  sink_script seen;
  domain::uuid user_id = domain::make_uuid_v7();
  std::shared_ptr<session_environment> env = std::make_shared<session_environment>();
  caf::actor sink = sys.spawn(fake_sink, &seen);
  shard_actor shard;
  session_actor session;
  std::vector<command_reply> replies;
  std::vector<caf::error> errors;
  std::vector<subscribe_reply> subscriptions;
  caf::scoped_actor client{sys};

  fixture() {
    script.image.found = true;
    script.image.who.user_id = user_id;
    env->epoch = 3;
    env->writer = sys.spawn(fake_writer, &script);
    env->reader = sys.spawn(fake_reader, &script);
    env->limits.queued_commands = 4;
    env->limits.kept_events = 4;
    shard = spawn_shard(sys, env, shard_settings{10, 60s});
    session = find();
  }

  ~fixture() override {
    for (const auto& a :
         {caf::actor_cast<caf::actor>(shard), caf::actor_cast<caf::actor>(session),
          caf::actor_cast<caf::actor>(env->writer), caf::actor_cast<caf::actor>(env->reader), sink})
      caf::anon_send_exit(a, caf::exit_reason::user_shutdown);
    run();
  }

  /// Asks from a plain actor, so that several requests can be on their way at once.
  template <class Reply, class Message, class Handle>
  void ask(const Handle& whom, Message message, std::vector<Reply>* into) {
    sys.spawn([this, whom, message, into](caf::event_based_actor* self) {
      self->request(caf::actor_cast<caf::actor>(whom), caf::infinite, message)
        .then([into](const Reply& reply) { into->push_back(reply); },
              [this](const caf::error& why) { errors.push_back(why); });
    });
    consume_messages();
  }

  session_actor find() {
    std::vector<session_found> found;
    ask(shard, get_session{user_id}, &found);
    return caf::actor_cast<session_actor>(found.back().session);
  }

  void start_one() {
    ask(session, command{user_id, {}, {}, {}, start_workout{{}, "Push", {}, {}, {}}}, &replies);
  }

  void finish_store(store_result result) {
    auto [unit, asker] = script.units.back();
    caf::anon_send(caf::actor_cast<caf::actor>(asker), stored{user_id, unit->unit_id, result, {}});
    if (result == store_result::committed)
      script.log.insert(script.log.end(), unit->events.begin(), unit->events.end());
    consume_messages();
  }

  /// One committed workout: one event.
  void commit_one() {
    start_one();
    finish_store(store_result::committed);
  }

  subscribed follow(std::optional<position> since) {
    ask(session, subscribe{user_id, {}, since, sink}, &subscriptions);
    return std::get<subscribed>(subscriptions.back().result);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(session_tests, fixture)

CAF_TEST(answers only after the commit) {
  start_one();
  CAF_CHECK_EQUAL(script.units.size(), 1u);
  CAF_CHECK(replies.empty());
  finish_store(store_result::committed);
  CAF_REQUIRE_EQUAL(replies.size(), 1u);
  CAF_CHECK_EQUAL(std::get<outcome>(replies[0].result).at, (position{3, 1}));
}

CAF_TEST(publishes only after the commit) {
  follow(std::nullopt);
  start_one();
  CAF_CHECK(seen.events.empty());
  finish_store(store_result::committed);
  CAF_CHECK_EQUAL(seen.events.size(), 1u);
}

CAF_TEST(has one unit in flight and keeps the order) {
  start_one();
  start_one();
  CAF_CHECK_EQUAL(script.units.size(), 1u);
  finish_store(store_result::committed);
  CAF_REQUIRE_EQUAL(script.units.size(), 2u);
  CAF_CHECK_EQUAL(script.units[1].first->events[0].at_position.seq, 2);
}

CAF_TEST(a full queue is answered at once) {
  for (int i = 0; i < 5; ++i)
    start_one();
  CAF_REQUIRE_EQUAL(replies.size(), 1u);
  CAF_CHECK_EQUAL(std::get<failure>(replies[0].result).code, failure_code::overloaded);
}

CAF_TEST(what the database refused changes nothing) {
  start_one();
  finish_store(store_result::rejected);
  CAF_CHECK_EQUAL(std::get<failure>(replies.back().result).code, failure_code::conflict);
  start_one();
  CAF_CHECK_EQUAL(script.units.back().first->events[0].at_position.seq, 1);
}

CAF_TEST(a fenced session ends and its successor loads anew) {
  follow(std::nullopt);
  start_one();
  start_one();
  finish_store(store_result::fenced);
  CAF_REQUIRE_EQUAL(replies.size(), 2u);
  for (const auto& reply : replies)
    CAF_CHECK_EQUAL(std::get<failure>(reply.result).code, failure_code::moved);
  CAF_CHECK_EQUAL(seen.ended, 1);
  CAF_CHECK_EQUAL(script.loads, 1);
  session = find();
  start_one();
  CAF_CHECK_EQUAL(script.loads, 2);
}

CAF_TEST(an unknown outcome is told as such and the session reloads) {
  start_one();
  finish_store(store_result::unknown);
  CAF_CHECK_EQUAL(std::get<failure>(replies.back().result).code, failure_code::outcome_unknown);
  script.image.head_seq = 1; // it had been committed after all
  script.image.head_epoch = 3;
  session = find();
  start_one();
  CAF_CHECK_EQUAL(script.units.back().first->events[0].at_position.seq, 2);
}

CAF_TEST(a resume replays exactly what was missed) {
  commit_one();
  commit_one();
  commit_one();
  const auto from_one = follow(position{3, 1});
  CAF_CHECK(from_one.recovered);
  CAF_REQUIRE_EQUAL(from_one.replay.size(), 2u);
  CAF_CHECK_EQUAL(from_one.replay[0].at_position.seq, 2);
  CAF_CHECK_EQUAL(from_one.at, (position{3, 3}));
}

CAF_TEST(a resume from before memory reads the log) {
  for (int i = 0; i < 10; ++i)
    commit_one();
  const auto all = follow(position{0, 0});
  CAF_CHECK(all.recovered);
  CAF_CHECK_EQUAL(all.replay.size(), 10u);
}

CAF_TEST(a position of another story gets a snapshot) {
  commit_one();
  commit_one();
  for (const auto& wrong : {position{2, 1}, position{3, 9}, position{2, 2}}) {
    const auto answer = follow(wrong);
    CAF_CHECK(!answer.recovered);
    CAF_CHECK(!answer.snapshot.empty());
    CAF_CHECK_EQUAL(answer.at, (position{3, 2}));
  }
}

CAF_TEST(rendered pages are kept until the next change) {
  std::vector<read_reply> pages;
  const messages::read page{user_id, get_workouts{}};
  ask(session, page, &pages);
  ask(session, page, &pages);
  CAF_CHECK_EQUAL(script.reads, 1);
  commit_one();
  ask(session, page, &pages);
  CAF_CHECK_EQUAL(script.reads, 2);
}

CAF_TEST(an unused session ends and a used one stays) {
  commit_one();
  sched.advance_time(60s);
  consume_messages();
  CAF_CHECK_EQUAL(find(), session);
  sched.advance_time(60s);
  consume_messages();
  CAF_CHECK_NOT_EQUAL(find(), session);
}

CAF_TEST(a session with a subscriber stays) {
  follow(std::nullopt);
  for (int i = 0; i < 3; ++i) {
    sched.advance_time(60s);
    consume_messages();
  }
  CAF_CHECK_EQUAL(find(), session);
}

CAF_TEST(a rest ends by itself and a cut one in silence) {
  auto now = *domain::parse_rfc3339("2026-03-01T17:00:00Z");
  env->now = [&now] { return now; };
  follow(std::nullopt);
  commit_one();
  log_set set;
  set.workout_id = seen.events.back().workout_id;
  set.entry.exercise_id = domain::make_uuid_v7();
  set.entry.actual.rest_ms = 90'000;
  const auto log_one = [&] {
    ask(session, command{user_id, {}, {}, {}, set}, &replies);
    finish_store(store_result::committed);
  };
  log_one();
  CAF_CHECK_EQUAL(seen.events.back().name, event_name::timer_started);
  now += 60s;
  sched.advance_time(60s);
  log_one();
  const auto before = script.units.size();
  now += 30s;
  sched.advance_time(30s);
  consume_messages();
  CAF_CHECK_EQUAL(script.units.size(), before);
  now += 60s;
  sched.advance_time(60s);
  consume_messages();
  CAF_CHECK_EQUAL(script.units.size(), before + 1);
  finish_store(store_result::committed);
  CAF_CHECK_EQUAL(seen.events.back().name, event_name::timer_ended);
}

CAF_TEST_FIXTURE_SCOPE_END()
