#pragma once

#include "bench/load/people.hpp"

#include <string>
#include <string_view>

namespace spotter::bench {

/// What one user does all day: start a workout, log sets, finish it, start the next. Renders the
/// requests for it ahead, so that each costs the client two ids.
class athlete {
public:
  enum class step { start, set, finish };

  struct request {
    step what;
    std::string_view bytes; // until the next call
  };

  athlete(const person& who, const std::string& exercise_id, int sets_in_workout);

  /// The next request as HTTP.
  [[nodiscard]] request next_http();

  /// The next request as a message over a WebSocket; its id tells its step, see `step_of`.
  [[nodiscard]] request next_message();

  /// The id of the workout, and of the set that was made last.
  [[nodiscard]] const std::string& workout_id() const noexcept { return workout_id_; }
  [[nodiscard]] const std::string& set_id() const noexcept { return set_id_; }

  [[nodiscard]] const person& who() const noexcept { return who_; }

private:
  step advance();

  person who_;
  std::string exercise_id_;
  int sets_in_workout_;
  int sets_ = -1; // logged in this workout; -1: there is none
  std::string workout_id_;
  std::string set_id_;
  std::string bytes_;
  long messages_ = 0;
};

/// What a message of a server answers: the step of `athlete::next_message`, or none for one that is
/// no `ack`.
struct answer {
  bool is_answer = false;
  bool ok = false;
  athlete::step what = athlete::step::set;
};
[[nodiscard]] answer read_answer(std::string_view text);

} // namespace spotter::bench
