#include "actors/session/session_failures.hpp"

#include "actors/session/unit_builder.hpp"

#include <spdlog/spdlog.h>

namespace spotter::actors {

using namespace messages;

failure busy() {
  auto f = refuse(failure_code::overloaded,
                  "too many requests of this account are waiting; try again in a moment");
  f.retry_after_ms = 1000;
  return f;
}

failure database_away() {
  auto f = refuse(failure_code::unavailable,
                  "the database can't be reached at the moment; nothing was changed");
  f.retry_after_ms = 1000;
  return f;
}

failure session_moved() {
  auto f = refuse(failure_code::moved, "the account's session is restarting; try again");
  f.retry_after_ms = 200;
  return f;
}

failure in_doubt() {
  auto f = refuse(failure_code::outcome_unknown,
                  "the connection to the database broke during the commit; send the same request "
                  "again, with the same id or idempotency key, to learn what became of it");
  f.retry_after_ms = 1000;
  return f;
}

failure not_stored(const stored& result) {
  if (result.result == store_result::unavailable)
    return database_away();
  if (result.result == store_result::overloaded) {
    auto f = refuse(failure_code::overloaded, "the server is overloaded; try again in a moment");
    f.retry_after_ms = 1000;
    return f;
  }
  if (result.detail.find("workout_set_pkey") != std::string::npos)
    return refuse(failure_code::id_reused,
                  "a set with this id was deleted from the workout; make a new id");
  if (result.detail.find("workout_set_instance_of_workout_fkey") != std::string::npos)
    return refuse_field("/exercise_instance_id", "other_workout",
                        "this instance is of another workout; leave it out, or make a new id");
  if (result.detail.find("recommendation_pkey") != std::string::npos)
    return refuse(failure_code::id_reused, "a recommendation with this id exists; make a new id");
  if (result.detail.find("recommendation_missing") != std::string::npos)
    return refuse(failure_code::not_found, "there is no such recommendation");
  spdlog::error("the database refused a change: {}", result.detail);
  return refuse(
    failure_code::conflict,
    "the database refused the change, and the server's log says why; nothing was changed");
}

} // namespace spotter::actors
