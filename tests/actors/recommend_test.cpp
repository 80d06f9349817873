#include "actors/recommend/recommender.hpp"

#define CAF_SUITE recommend
#include "caf/test/dsl.hpp"

#include <latch>
#include <map>
#include <thread>

using namespace spotter;
using namespace spotter::actors;
using namespace std::chrono_literals;
using messages::failure_code;

namespace {

/// What the reader and the session answer, and what the session was asked.
struct script {
  messages::exercise_history history;
  bool reader_answers = true;
  std::vector<caf::typed_response_promise<messages::exercise_history>> silence; // kept, unanswered
  std::vector<messages::record_recommendation> recorded;
  std::deque<messages::failure> refusals;                     // the session's next answers
  int histories = 0;                                          // how often one was read
  std::map<std::string, messages::remembered_answer> answers; // by key
  std::vector<messages::command> commands;
};

messages::reader_actor::behavior_type fake_reader(messages::reader_actor::pointer self, script* s) {
  // The recommenders read histories, and what they said before.
  const auto never = caf::make_error(caf::sec::unsupported_operation);
  return {
    [s](const messages::read& ask) -> caf::result<messages::read_reply> {
      const auto& wanted = std::get<messages::get_recommendation>(ask.what);
      for (const auto& made : s->recorded)
        if (made.recommendation_id == wanted.recommendation_id)
          return messages::read_reply{messages::rendered{7, made.output}};
      return messages::read_reply{messages::failure{failure_code::not_found, "none", {}, 0}};
    },
    [never](const messages::load_session&) -> caf::result<messages::session_image> {
      return never;
    },
    [never](const messages::load_workout&) -> caf::result<messages::workout_image> {
      return never;
    },
    [never](const messages::load_exercise&) -> caf::result<messages::exercise_image> {
      return never;
    },
    [never](const messages::load_events&) -> caf::result<messages::event_range> { return never; },
    [never](const messages::load_epoch&) -> caf::result<messages::event_epoch> { return never; },
    [never](const messages::load_sources&) -> caf::result<messages::source_matches> {
      return never;
    },
    [s](const messages::load_answer& ask) -> caf::result<messages::answer_image> {
      messages::answer_image image;
      if (const auto it = s->answers.find(ask.key); it != s->answers.end())
        image.answer = it->second;
      return image;
    },
    [never](const messages::load_import&) -> caf::result<messages::import_image> { return never; },
    [self, s](const messages::load_exercise_history&) -> caf::result<messages::exercise_history> {
      ++s->histories;
      if (s->reader_answers)
        return s->history;
      return s->silence.emplace_back(self->make_response_promise<messages::exercise_history>());
    },
    [never](const messages::load_exercise_names&) -> caf::result<messages::exercise_names> {
      return never;
    },
    [never](const messages::load_import_file&) -> caf::result<messages::import_file> {
      return never;
    },
    [never](const messages::get_health&) -> caf::result<messages::health> { return never; },
  };
}

messages::session_actor::behavior_type fake_session(messages::session_actor::pointer, script* s) {
  const auto never = caf::make_error(caf::sec::unsupported_operation);
  return {
    [s](const messages::command& ask) -> caf::result<messages::command_reply> {
      if (!s->refusals.empty()) {
        messages::command_reply reply{s->refusals.front()};
        s->refusals.pop_front();
        return reply;
      }
      s->commands.push_back(ask);
      s->recorded.push_back(std::get<messages::record_recommendation>(ask.body));
      messages::outcome done;
      done.created = true;
      done.body = s->recorded.back().output;
      return messages::command_reply{done};
    },
    [never](const messages::read&) -> caf::result<messages::read_reply> { return never; },
    [never](const messages::subscribe&) -> caf::result<messages::subscribe_reply> { return never; },
    [](const messages::unsubscribe&) {},
    [](const messages::stored&) {},
    [](messages::passivate) {},
    [](messages::retire) {},
  };
}

messages::shard_actor::behavior_type fake_shard(messages::shard_actor::pointer,
                                                messages::session_actor session) {
  return {
    [session](const messages::get_session&) {
      return messages::session_found{caf::actor_cast<caf::actor>(session)};
    },
    [](const messages::session_closing&) {},
    [](messages::retire) { return messages::retired{}; },
  };
}

messages::recommend some_question(std::string engine = {}) {
  messages::recommend ask;
  ask.user_id = domain::make_uuid_v7();
  ask.kind = "next_set";
  ask.exercise_id = domain::make_uuid_v7();
  ask.engine = std::move(engine);
  return ask;
}

messages::exercise_history some_history() {
  messages::exercise_history history;
  history.known = true;
  history.exercise_name = "Bench Press";
  messages::performed_exercise done;
  done.workout_id = domain::make_uuid_v7();
  done.started_at = domain::from_millis(1'700'000'000'000);
  for (int i = 0; i < 3; ++i) {
    domain::set_record set;
    set.set_id = domain::make_uuid_v7();
    set.actual.reps = 12;
    set.actual.weight = domain::weight{60, domain::weight_unit::kg};
    done.sets.push_back(set);
  }
  history.performances.push_back(done);
  return history;
}

struct fixture : test_coordinator_fixture<> {
  fixture() {
    engines["throws@1"] = {"next_set", [](const auto&) -> messages::advice {
                             throw std::runtime_error("a division by no reps");
                           }};
    engines["odd@1"] = {"next_set", [](const auto&) -> messages::advice { throw 42; }};
    settings.pool.threads = false;
    s.history = some_history();
    reader = sys.spawn(fake_reader, &s);
    session = sys.spawn(fake_session, &s);
    shard = sys.spawn(fake_shard, session);
  }

  ~fixture() {
    anon_send_exit(recommender, caf::exit_reason::user_shutdown);
    anon_send_exit(pool, caf::exit_reason::user_shutdown);
    anon_send_exit(shard, caf::exit_reason::user_shutdown);
    anon_send_exit(session, caf::exit_reason::user_shutdown);
    anon_send_exit(reader, caf::exit_reason::user_shutdown);
    consume_messages();
    s.silence.clear();
  }

  void start() {
    recommender = spawn_recommender(
      sys, reader, [this](const domain::uuid&) { return shard; }, engines, settings);
    consume_messages();
  }

  /// Asks and lets `time` pass; the answer must have come by then.
  messages::command_reply ask(messages::recommend question, caf::timespan time = 0s) {
    auto handle = self->request(recommender, caf::infinite, std::move(question));
    consume_messages();
    if (time > 0s) {
      advance_time(time);
      consume_messages();
    }
    std::optional<messages::command_reply> reply;
    handle.receive([&reply](messages::command_reply& x) { reply = std::move(x); },
                   [](const caf::error& why) { CAF_FAIL(to_string(why)); });
    return *reply;
  }

  static failure_code code_of(const messages::command_reply& reply) {
    const auto* failed = std::get_if<messages::failure>(&reply.result);
    CAF_REQUIRE(failed != nullptr);
    return failed->code;
  }

  script s;
  engine_table engines = built_in_engines();
  recommend_settings settings;
  messages::reader_actor reader;
  messages::session_actor session;
  messages::shard_actor shard;
  messages::recommend_actor recommender;
  engine_actor pool;
};

} // namespace

#undef CAF_SUITE
#define CAF_SUITE recommender

CAF_TEST_FIXTURE_SCOPE(recommender_tests, fixture)

CAF_TEST(stores the advice and answers with what the session says) {
  start();
  const auto question = some_question();
  const auto reply = ask(question);
  const auto* done = std::get_if<messages::outcome>(&reply.result);
  CAF_REQUIRE(done != nullptr);
  CAF_REQUIRE_EQUAL(s.recorded.size(), 1u);
  const auto& made = s.recorded[0];
  CAF_CHECK_EQUAL(made.engine, "double_progression@1");
  CAF_CHECK_EQUAL(made.variant, "default");
  const auto& body = made.output.str();
  CAF_CHECK(done->body == made.output);
  for (const auto* part :
       {R"("kind":"next_set")", R"("engine":"double_progression@1","variant":"default")",
        R"("suggestion":{"weight":{"value":62.5,"unit":"kg"},"reps":8,"kind":"normal")",
        R"("inputs":{"rep_min":8,"rep_max":12)", R"("explanation":")", R"("created_at":")"})
    CAF_CHECK_NOT_EQUAL(body.find(part), std::string::npos);
  CAF_CHECK_NOT_EQUAL(body.find(to_string(question.exercise_id)), std::string::npos);
  CAF_CHECK_NOT_EQUAL(body.find(to_string(made.recommendation_id)), std::string::npos);
}

CAF_TEST(answers the same id from what is stored and runs no engine) {
  start();
  auto question = some_question();
  question.recommendation_id = domain::make_uuid_v7();
  const auto first = std::get<messages::outcome>(ask(question).result);
  CAF_CHECK(!first.replayed);
  CAF_REQUIRE_EQUAL(s.recorded.size(), 1u);
  CAF_CHECK(s.recorded[0].recommendation_id == *question.recommendation_id);
  const auto again = std::get<messages::outcome>(ask(question).result);
  CAF_CHECK(again.created && again.replayed);
  CAF_CHECK_EQUAL(again.version, 7);
  CAF_CHECK(again.body == first.body);
  CAF_CHECK_EQUAL(s.histories, 1);
  CAF_CHECK_EQUAL(s.recorded.size(), 1u);
  auto other = question;
  other.rep_max = 15;
  CAF_CHECK(code_of(ask(other)) == failure_code::id_reused);
  other = question;
  other.exercise_id = domain::make_uuid_v7();
  CAF_CHECK(code_of(ask(other)) == failure_code::id_reused);
  CAF_CHECK_EQUAL(s.histories, 1);
}

CAF_TEST(answers the same idempotency key from what is remembered) {
  start();
  auto question = some_question();
  question.once = messages::idempotency{"key", "print"};
  CAF_CHECK(std::holds_alternative<messages::outcome>(ask(question).result));
  CAF_REQUIRE_EQUAL(s.commands.size(), 1u);
  CAF_REQUIRE(s.commands[0].once.has_value());
  CAF_CHECK_EQUAL(s.commands[0].once->key, "key");
  messages::remembered_answer first;
  first.key = "key";
  first.fingerprint = "print";
  first.created = true;
  first.version = 3;
  first.body = messages::shared_text{R"({"id":"first"})"};
  s.answers["key"] = first;
  const auto again = std::get<messages::outcome>(ask(question).result);
  CAF_CHECK(again.replayed);
  CAF_CHECK_EQUAL(again.version, 3);
  CAF_CHECK(again.body == first.body);
  question.once->fingerprint = "another";
  CAF_CHECK(code_of(ask(question)) == failure_code::idempotency_mismatch);
  CAF_CHECK_EQUAL(s.histories, 1);
  CAF_CHECK_EQUAL(s.recorded.size(), 1u);
}

CAF_TEST(of two at once with one id the second gets what the first has stored) {
  start();
  auto question = some_question();
  question.recommendation_id = domain::make_uuid_v7();
  const auto first = std::get<messages::outcome>(ask(question).result);
  auto hidden = std::move(s.recorded);
  s.recorded.clear(); // not stored yet when it looks, but when it stores
  messages::failure taken;
  taken.code = failure_code::id_reused;
  s.refusals = {taken};
  auto handle = self->request(recommender, caf::infinite, question);
  expect((messages::recommend), from(self).to(recommender));
  expect((messages::read), from(recommender).to(reader));
  s.recorded = std::move(hidden);
  consume_messages();
  handle.receive(
    [&](messages::command_reply& reply) {
      const auto& again = std::get<messages::outcome>(reply.result);
      CAF_CHECK(again.replayed);
      CAF_CHECK(again.body == first.body);
    },
    [](const caf::error& why) { CAF_FAIL(to_string(why)); });
}

CAF_TEST(names everything that is wrong with a question) {
  start();
  auto question = some_question("astrology@1");
  question.rep_min = 0;
  question.rep_max = 101;
  const auto reply = ask(question);
  CAF_CHECK(code_of(reply) == failure_code::invalid_content);
  CAF_CHECK_EQUAL(std::get<messages::failure>(reply.result).errors.size(), 3u);
  question = some_question();
  question.kind = "horoscope";
  CAF_CHECK(code_of(ask(question)) == failure_code::invalid_content);
}

CAF_TEST(knows no exercise that the reader does not know) {
  s.history = {};
  start();
  CAF_CHECK(code_of(ask(some_question())) == failure_code::invalid_content);
}

CAF_TEST(survives engines that throw and replaces their workers) {
  start();
  for (int i = 0; i < 10; ++i) {
    CAF_CHECK(code_of(ask(some_question("throws@1"))) == failure_code::engine_failed);
    CAF_CHECK(code_of(ask(some_question("odd@1"))) == failure_code::engine_failed);
  }
  CAF_CHECK(std::holds_alternative<messages::outcome>(ask(some_question()).result));
}

CAF_TEST(repeats while the session moves and passes on what it says) {
  messages::failure moved;
  moved.code = failure_code::moved;
  s.refusals = {moved};
  start();
  const auto reply = ask(some_question(), 1s);
  CAF_CHECK(std::holds_alternative<messages::outcome>(reply.result));
  messages::failure gone;
  gone.code = failure_code::not_found;
  s.refusals = {gone};
  CAF_CHECK(code_of(ask(some_question())) == failure_code::not_found);
}

CAF_TEST(answers within the deadline when the reader is silent) {
  s.reader_answers = false;
  start();
  CAF_CHECK(code_of(ask(some_question(), 2s)) == failure_code::deadline_exceeded);
}

CAF_TEST(refuses more than it may have under way) {
  s.reader_answers = false;
  settings.pending = 1;
  start();
  auto first = self->request(recommender, caf::infinite, some_question());
  consume_messages();
  const auto reply = ask(some_question());
  CAF_CHECK(code_of(reply) == failure_code::overloaded);
  CAF_CHECK(std::get<messages::failure>(reply.result).retry_after_ms > 0);
  advance_time(2s);
  consume_messages();
  first.receive(
    [](const messages::command_reply& late) {
      CAF_CHECK(code_of(late) == failure_code::deadline_exceeded);
    },
    [](const caf::error& why) { CAF_FAIL(to_string(why)); });
  s.reader_answers = true;
  CAF_CHECK(std::holds_alternative<messages::outcome>(ask(some_question()).result));
}

CAF_TEST_FIXTURE_SCOPE_END()

#undef CAF_SUITE
#define CAF_SUITE engine_pool

namespace {

/// A pool with real threads, for an engine that waits until the test lets it go.
struct hanging_fixture {
  hanging_fixture() : sys(cfg), self(sys) {
    settings.deadline = 50ms;
    settings.workers = 1;
    settings.most_stuck = 1;
    pool = spawn_engine_pool(
      sys, "sticky@1",
      [this](const messages::compute_advice& ask) {
        if (ask.question.kind == "hang") {
          hung.count_down();
          release.wait();
        }
        return messages::advice{{"{}"}, {"{}"}, "done"};
      },
      settings);
  }

  ~hanging_fixture() {
    // The threads must end before what their engine uses.
    anon_send_exit(pool, caf::exit_reason::user_shutdown);
    self->wait_for(pool);
    pool = nullptr;
    sys.registry().await_running_count_equal(1); // `self` alone
  }

  caf::error ask(std::string kind) {
    messages::compute_advice question;
    question.question.kind = std::move(kind);
    caf::error result;
    self->request(pool, 60s, std::move(question))
      .receive([](const messages::advice&) {}, [&result](caf::error& why) { result = why; });
    return result;
  }

  caf::actor_system_config cfg;
  caf::actor_system sys;
  caf::scoped_actor self;
  engine_pool_settings settings;
  std::latch hung{2};
  std::latch release{1};
  engine_actor pool;
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(engine_pool_tests, hanging_fixture)

CAF_TEST(gives up engines that hang and refuses only when all its threads hang) {
  CAF_CHECK_EQUAL(ask("work"), caf::error{});
  CAF_CHECK_EQUAL(ask("hang"), caf::make_error(caf::sec::request_timeout));
  // Its place was taken by another worker.
  CAF_CHECK_EQUAL(ask("work"), caf::error{});
  CAF_CHECK_EQUAL(ask("hang"), caf::make_error(caf::sec::request_timeout));
  // One more than may be stuck: nobody is left.
  CAF_CHECK_EQUAL(ask("work"), caf::make_error(caf::sec::unavailable_or_would_block));
  hung.wait();
  release.count_down();
  // Freed threads make room again; asking is the only way to see it.
  while (ask("work") == caf::sec::unavailable_or_would_block)
    std::this_thread::yield();
  CAF_CHECK_EQUAL(ask("work"), caf::error{});
}

CAF_TEST_FIXTURE_SCOPE_END()

namespace {

struct pool_fixture : fixture {
  /// A pool of one worker, with a queue of one.
  void start_pool(engine_function compute) {
    settings.pool.workers = 1;
    settings.pool.queue = 1;
    pool = spawn_engine_pool(sys, "x@1", std::move(compute), settings.pool);
    consume_messages();
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(engine_queue_tests, pool_fixture)

CAF_TEST(queues up to its bound and then refuses) {
  start_pool([](const auto&) { return messages::advice{{"{}"}, {"{}"}, "x"}; });
  // Nobody works between the requests: the scheduler is ours.
  auto first = self->request(pool, caf::infinite, messages::compute_advice{});
  auto second = self->request(pool, caf::infinite, messages::compute_advice{});
  auto third = self->request(pool, caf::infinite, messages::compute_advice{});
  consume_messages();
  int answers = 0;
  int refusals = 0;
  for (auto* handle : {&first, &second, &third})
    handle->receive([&answers](const messages::advice&) { ++answers; },
                    [&refusals](const caf::error& why) {
                      CAF_CHECK(why == caf::sec::unavailable_or_would_block);
                      ++refusals;
                    });
  CAF_CHECK_EQUAL(answers, 2);
  CAF_CHECK_EQUAL(refusals, 1);
}

CAF_TEST_FIXTURE_SCOPE_END()
