#include "actors/messages/event.hpp"

#include <array>

namespace spotter::messages {

namespace {

constexpr std::array<std::string_view, 22> names{
  "",
  "workout.started",
  "workout.updated",
  "workout.finished",
  "workout.deleted",
  "workout.restored",
  "set.logged",
  "set.updated",
  "set.deleted",
  "record.achieved",
  "timer.started",
  "timer.ended",
  "import.progress",
  "import.finished",
  "import.failed",
  "recommendation.made",
  "session.revoked",
  "exercise.created",
  "exercise.updated",
  "exercise.deleted",
  "profile.updated",
  "recommendation.answered",
};

} // namespace

std::string_view to_string(event_name name) noexcept {
  const auto index = static_cast<std::size_t>(name);
  return index < names.size() ? names[index] : std::string_view{"unknown"};
}

} // namespace spotter::messages
