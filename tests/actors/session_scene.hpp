#pragma once

#include "actors/session/session.hpp"
#include "actors/shard/shard.hpp"

#include "caf/test/dsl.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace spotter::tests {

using namespace actors;
using namespace messages;
using namespace std::chrono_literals;

/// What the fake database knows and was asked.
struct store_script {
  session_image image;
  std::vector<std::pair<std::shared_ptr<const store_unit>, caf::strong_actor_ptr>> units;
  std::vector<event> log;
  int loads = 0;
  int reads = 0;
};

inline writer_actor::behavior_type fake_writer(writer_actor::pointer self, store_script* script) {
  return {
    [self, script](const store& s) { script->units.emplace_back(s.unit, self->current_sender()); },
    [](get_health) {
      return health{"writer", true, {}};
    },
  };
}

inline reader_actor::behavior_type fake_reader(reader_actor::pointer, store_script* script) {
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

inline caf::behavior fake_sink(caf::event_based_actor*, sink_script* script) {
  return {
    [script](const events_published& p) {
      script->events.insert(script->events.end(), p.events.begin(), p.events.end());
    },
    [script](const session_ended&) { ++script->ended; },
  };
}

/// A session of one user, in its shard, with a database that does what the test says. Whoever includes
/// this defines CAF_SUITE first.
struct session_scene : test_coordinator_fixture<> {
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

  session_scene() {
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

  ~session_scene() override {
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

  /// The writer's word on the unit that it was given last.
  void finish_store(store_result result, std::string detail = {}) {
    auto [unit, asker] = script.units.back();
    caf::anon_send(caf::actor_cast<caf::actor>(asker),
                   stored{user_id, unit->unit_id, result, std::move(detail)});
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

} // namespace spotter::tests
