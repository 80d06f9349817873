#pragma once

#include "actors/recommend/engine_pool.hpp"
#include "actors/session_request.hpp"

namespace spotter::actors {

/// How the recommenders work.
struct recommend_settings {
  engine_pool_settings pool; // `pool.deadline` bounds reading and reckoning together
  std::size_t pending = 256; // requests under way, over all engines
  std::int32_t workouts = 5; // of history that an engine sees
  std::map<std::string, std::string> default_engine{{"next_set", double_progression_name}};
  session_patience session{.tries = 3, .timeout = std::chrono::milliseconds{5'000}};
};

/// Gives advice: reads the history, has it reckoned by the engine's pool, stores the result through
/// the user's session and passes the session's answer on.
///
/// Failures: `invalid_content` (unknown kind, engine or exercise, a bad range of repetitions),
/// `overloaded`, `engine_failed`, `deadline_exceeded`, `unavailable` (no history to be had), and
/// whatever the session says. A pool that dies is spawned again.
struct recommender_state {
  static inline const char* name = "spotter.recommend";

  using actor_type = messages::recommend_actor;

  recommender_state(actor_type::pointer self, messages::reader_actor reader, shard_directory shards,
                    engine_table engines, recommend_settings settings);
  recommender_state(const recommender_state&) = delete;
  recommender_state& operator=(const recommender_state&) = delete;
  ~recommender_state();

  actor_type::behavior_type make_behavior();

private:
  using promise = caf::typed_response_promise<messages::command_reply>;

  /// One request on its way.
  struct errand {
    messages::recommend ask; // `engine` is filled in
    promise answer;
    caf::actor_clock::time_point deadline;
    bool again = false; // it was stored by another at the same moment
  };
  using errand_ptr = std::shared_ptr<errand>;

  caf::result<messages::command_reply> accept(messages::recommend ask);
  std::vector<messages::field_error> check(messages::recommend& ask) const;
  /// Answers from what is stored, if the same was asked before; else goes on.
  void look_for_answer(const errand_ptr& e);
  void look_for_resource(const errand_ptr& e);
  void study(const errand_ptr& e);
  void reckon(const errand_ptr& e, messages::exercise_history history);
  void record(const errand_ptr& e, messages::advice found);
  void not_read(const errand_ptr& e, const caf::error& why);
  void end(const errand_ptr& e, messages::command_reply reply);
  void fail(const errand_ptr& e, messages::failure_code code, std::string detail,
            std::string_view result);
  void finish(const errand_ptr& e, messages::command_reply reply);
  std::chrono::nanoseconds time_left(const errand& e) const;
  void open_pool(const std::string& engine_name);

  actor_type::pointer self_;
  messages::reader_actor reader_;
  shard_directory shards_;
  engine_table engines_;
  recommend_settings settings_;
  recommend_metrics metrics_;
  std::map<std::string, engine_actor> pools_;
  std::size_t pending_ = 0;
};

/// Spawns the recommenders: one pool per engine.
messages::recommend_actor spawn_recommender(caf::actor_system& system,
                                            messages::reader_actor reader, shard_directory shards,
                                            engine_table engines = built_in_engines(),
                                            recommend_settings settings = {});

} // namespace spotter::actors
