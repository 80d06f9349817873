#pragma once

#include "actors/imports/import_environment.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <functional>

namespace spotter::actors {

/// Stands beside one import: spawns its worker, and speaks for it where it can't.
///
/// A worker that dies (a file that nobody thought of) costs one try: the import goes to `waiting`
/// with a line in its log, and the job is put off. After the last try the supervisor buries the
/// import: it becomes `failed`, with the reason, before the job becomes a dead letter.
struct import_supervisor_state {
  static inline const char* name = "spotter.import";

  import_supervisor_state(job_actor::pointer self, import_environment env);
  import_supervisor_state(const import_supervisor_state&) = delete;
  import_supervisor_state& operator=(const import_supervisor_state&) = delete;
  ~import_supervisor_state();

  job_actor::behavior_type make_behavior();

private:
  using teller = std::function<void(messages::import_state& state, messages::import_log_line&)>;

  void note_crash(std::string why);
  void bury(std::string reason);
  void tell(teller change, std::string state, std::string reason, std::string otherwise);
  void end(std::string state, std::string reason);

  job_actor::pointer self_;
  import_environment env_;
  messages::job claim_;
  import_worker worker_;
  caf::typed_response_promise<messages::end_job> answer_;
};

/// What the job table needs for the kind "import".
[[nodiscard]] job_spawner import_spawner(import_environment env);

} // namespace spotter::actors
