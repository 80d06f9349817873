#include "gateway/routes/answers.hpp"

namespace spotter::gateway {

namespace {

// POST /v1/workouts
awaitable<response> post_workout(call& c) {
  auto body = parse_start_workout(body_of(c));
  if (!body)
    return answer(to_response(body.error(), c.trace_id));
  return run_command(c, std::move(*body));
}

// GET /v1/workouts
awaitable<response> get_workouts(call& c) {
  query_reader query{c, {"limit", "cursor", "state", "since", "until"}};
  messages::get_workouts what;
  what.window = query.window();
  what.state = query.word("state", {"live", "finished"});
  what.since = query.time("since");
  what.until = query.time("until");
  if (!query.clean())
    return answer(query.refusal(c));
  return read_through_session(c, std::move(what));
}

// GET /v1/workouts/{id}
awaitable<response> get_workout(call& c) {
  const auto id = id_in(c);
  if (!id)
    return answer(not_found(c));
  const query_reader query{c, {}};
  if (!query.clean())
    return answer(query.refusal(c));
  return read_through_session(c, messages::get_workout{*id});
}

// PATCH /v1/workouts/{id}
awaitable<response> patch_workout(call& c) {
  const auto id = id_in(c);
  if (!id)
    return answer(not_found(c));
  auto body = parse_update_workout(body_of(c));
  if (!body)
    return answer(to_response(body.error(), c.trace_id));
  body->workout_id = *id;
  return run_command(c, std::move(*body));
}

// DELETE /v1/workouts/{id}
awaitable<response> delete_workout(call& c) {
  const auto id = id_in(c);
  if (!id)
    return answer(not_found(c));
  return run_command(c, messages::delete_workout{*id}, {0, false});
}

// POST /v1/workouts/{id}/restore
awaitable<response> restore_workout(call& c) {
  const auto id = id_in(c);
  if (!id)
    return answer(not_found(c));
  return run_command(c, messages::restore_workout{*id});
}

// POST /v1/workouts/{id}/finish
awaitable<response> finish_workout(call& c) {
  const auto id = id_in(c);
  if (!id)
    return answer(not_found(c));
  messages::finish_workout finish;
  if (!c.req.body.empty()) {
    auto body = parse_finish_workout(body_of(c));
    if (!body)
      return answer(to_response(body.error(), c.trace_id));
    finish = std::move(*body);
  }
  finish.workout_id = *id;
  return run_command(c, std::move(finish));
}

// GET /v1/workouts/{id}/history
awaitable<response> get_history(call& c) {
  const auto id = id_in(c);
  if (!id)
    return answer(not_found(c));
  query_reader query{c, {"limit", "cursor"}};
  messages::get_history what{*id, query.window()};
  if (!query.clean())
    return answer(query.refusal(c));
  return read(c, std::move(what));
}

// POST /v1/workouts/{id}/revert
awaitable<response> revert_workout(call& c) {
  const auto id = id_in(c);
  if (!id)
    return answer(not_found(c));
  auto body = parse_revert_workout(body_of(c));
  if (!body)
    return answer(to_response(body.error(), c.trace_id));
  body->workout_id = *id;
  return run_command(c, std::move(*body));
}

constexpr route rows[] = {
  {verb::post, "/v1/workouts", post_workout, true, body_kind::json},
  {verb::get, "/v1/workouts", get_workouts},
  {verb::get, "/v1/workouts/{id}", get_workout},
  {verb::patch, "/v1/workouts/{id}", patch_workout, true, body_kind::merge_patch},
  {verb::del, "/v1/workouts/{id}", delete_workout},
  {verb::post, "/v1/workouts/{id}/restore", restore_workout},
  {verb::post, "/v1/workouts/{id}/finish", finish_workout, true, body_kind::optional_json},
  {verb::get, "/v1/workouts/{id}/history", get_history},
  {verb::post, "/v1/workouts/{id}/revert", revert_workout, true, body_kind::json},
};

} // namespace

std::span<const route> workout_routes() {
  return rows;
}

} // namespace spotter::gateway
