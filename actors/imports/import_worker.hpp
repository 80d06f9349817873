#pragma once

#include "actors/imports/import_environment.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <deque>
#include <memory>
#include <optional>

namespace spotter::actors {

/// Carries out one import: loads the file, parses it, and sends its workouts to the user's session
/// chunk by chunk, each with how far the import is.
///
/// Starts where the stored state says that the last run came to. A chunk that the session refuses is
/// halved until the workout in question stands alone; that one counts as failed, with a log line.
/// Where a chunk's outcome is unknown the stored state is read again. The owner's wish to cancel is
/// looked for between chunks.
struct import_worker_state {
  static inline const char* name = "spotter.import_worker";

  import_worker_state(import_worker::pointer self, import_environment env);

  import_worker::behavior_type make_behavior();

private:
  void load_state();
  void load_file();
  void load_names();
  void load_zone();
  void parse();
  void next();
  void look_for_cancel(workout_range range);
  void send(workout_range range);
  void send_refused(workout_range range, const messages::failure& why);
  void attend(workout_range range, bool halve, messages::command_reply reply);
  void resolve_doubt(workout_range range);
  void refused(workout_range range, bool halve, messages::failure why);
  void moved_on(workout_range range, const messages::import_counts& counts);
  void ask_for_unit();
  void fail(std::string code, std::string detail, std::size_t line = 0);
  void tell(messages::import_workouts report, std::function<void()> done);
  void end(std::string state, std::string reason = {});

  /// Asks the reader; its failure puts the job off.
  template <class Answer, class Request>
  void load(const Request& request, std::function<void(Answer&)> then);

  import_worker::pointer self_;
  import_environment env_;
  messages::job claim_;
  caf::typed_response_promise<messages::end_job> answer_;
  messages::import_state state_;
  messages::import_file file_;
  std::vector<messages::exercise_name> names_;
  std::string zone_name_;
  std::optional<import_plan> plan_;
  std::deque<workout_range> ranges_; // the parts of a refused chunk that are still to do
  std::int32_t doubts_ = 0;
};

} // namespace spotter::actors
