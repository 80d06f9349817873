#pragma once

#include "actors/messages/handles.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace spotter::tests {

/// What surrounds an import in a test: one user's reader and session, which keep to the contract of
/// `import_workouts` and remember everything.
struct import_scene {
  domain::uuid user_id = domain::make_uuid_v7();
  messages::import_file file;
  std::vector<messages::exercise_name> names;
  std::optional<messages::import_state> state;
  std::map<std::string, std::string> stored; // payload hash by external id
  std::map<domain::uuid, messages::own_exercise> own;
  std::vector<messages::import_workouts> reports; // what was stored, in order
  std::vector<messages::import_log_line> log;     // of the import that was queued last
  int sessions_asked = 0;

  // What goes wrong.
  bool reader_answers = true;
  std::function<std::optional<messages::failure>(const messages::import_workouts&)> before;
  int lose_answers = 0;           // so many reports are stored, but answered as unknown
  bool cancel_after_this = false; // the owner cancels when the report in hand is stored

  /// A new import of `content`, in the time zone of Berlin.
  void queue(std::string content);

  /// How many lines of this code are in the log.
  [[nodiscard]] std::size_t logged(const std::string& code) const;

  /// What the session does with a report.
  messages::command_reply store(const messages::import_workouts& report);
};

messages::reader_actor::behavior_type scene_reader(messages::reader_actor::pointer self,
                                                   import_scene* scene);

messages::session_actor::behavior_type scene_session(messages::session_actor::pointer self,
                                                     import_scene* scene);

messages::shard_actor::behavior_type scene_shard(messages::shard_actor::pointer self,
                                                 import_scene* scene,
                                                 messages::session_actor session);

} // namespace spotter::tests
