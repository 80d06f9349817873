#pragma once

#include "actors/imports/zone_clock.hpp"
#include "actors/messages/command.hpp"
#include "actors/messages/job.hpp"
#include "domain/formats/workout_file.hpp"
#include "domain/matching.hpp"

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace spotter::actors {

/// How much one import, and one step of it, may be.
struct import_limits {
  std::size_t file_bytes = 64u * 1024 * 1024;
  std::size_t workouts = 20'000;
  std::size_t sets_per_workout = 2'000;
  std::size_t exercises_per_workout = 200;
  std::size_t chunk_workouts = 25;
  std::size_t chunk_sets = 500;
  std::size_t chunk_exercises = 100; // own exercises that a chunk may bring
};

/// A run of the file's workouts: [first, last).
struct workout_range {
  std::size_t first = 0;
  std::size_t last = 0;

  [[nodiscard]] std::size_t size() const noexcept { return last - first; }
};

/// What goes to the session for one range.
struct import_chunk {
  std::vector<messages::own_exercise> exercises;
  std::vector<domain::workout> workouts;
  std::vector<messages::import_log_line> log;
  std::int32_t failed = 0; // workouts of the range that can't be stored; the log says why
};

/// A parsed file as one user's workouts, made piece by piece so that only one piece is in memory
/// twice. Pure: the same file, user, zone and names always give the same workouts with the same
/// ids, so that every step can be repeated.
///
/// Exercises are matched by name. One that matches nothing becomes the user's own, with an id from
/// the user and the normal form of the name. Workout, instance and set ids come from the user, the
/// provider and the workout's external id. The payload hash covers what the file says (and the
/// instants), not which exercise a name matched: a better match alone changes no workout.
class import_plan {
public:
  import_plan(domain::uuid user_id, domain::workout_file file, zone_clock zone,
              const std::vector<messages::exercise_name>& names, import_limits limits);

  /// "strong" or "hevy".
  [[nodiscard]] std::string provider() const { return std::string{to_string(file_.app)}; }

  /// Workouts in the file.
  [[nodiscard]] std::size_t size() const noexcept { return file_.workouts.size(); }

  /// The next range from `first` that keeps to the limits of a chunk; at least one workout.
  [[nodiscard]] workout_range chunk_at(std::size_t first) const;

  /// The range in the form that the session takes. Its log holds the parser's notes on the lines up
  /// to the next range, and what was decided here.
  [[nodiscard]] import_chunk build(workout_range range) const;

  /// A log line about one workout.
  [[nodiscard]] messages::import_log_line about(std::size_t workout, std::string severity,
                                                std::string code, std::string message) const;

private:
  struct target {
    domain::uuid exercise_id;
    bool own = false;
    bool is_new = false;           // must be made first
    std::size_t first_workout = 0; // that uses it
    std::size_t line = 0;
    std::string name;
    std::string equipment;
  };

  void match_exercises(const std::vector<messages::exercise_name>& names);
  void name_workouts();
  [[nodiscard]] std::string refusal(const domain::parsed_workout& w) const;
  [[nodiscard]] domain::workout convert(std::size_t index,
                                        std::vector<messages::import_log_line>& log) const;
  void add_notes(workout_range range, std::vector<messages::import_log_line>& log) const;

  domain::uuid user_id_;
  domain::workout_file file_;
  zone_clock zone_;
  import_limits limits_;
  std::map<std::string, target> targets_; // by the name in the file
  std::vector<std::string> external_ids_;
};

} // namespace spotter::actors
