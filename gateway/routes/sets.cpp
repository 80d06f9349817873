#include "gateway/routes/answers.hpp"

namespace spotter::gateway {

namespace {

// POST /v1/workouts/{id}/sets
awaitable<response> post_set(call& c) {
  const auto workout = id_in(c);
  if (!workout)
    return answer(not_found(c));
  auto body = parse_log_set(body_of(c));
  if (!body)
    return answer(to_response(body.error(), c.trace_id));
  body->workout_id = *workout;
  return run_command(c, std::move(*body));
}

// GET /v1/workouts/{id}/sets/{set_id}
awaitable<response> get_set(call& c) {
  const auto workout = id_in(c);
  const auto set = id_in(c, 1);
  if (!workout || !set)
    return answer(not_found(c));
  return read_through_session(c, messages::get_set{*workout, *set});
}

// PATCH /v1/workouts/{id}/sets/{set_id}
awaitable<response> patch_set(call& c) {
  const auto workout = id_in(c);
  const auto set = id_in(c, 1);
  if (!workout || !set)
    return answer(not_found(c));
  auto body = parse_update_set(body_of(c));
  if (!body)
    return answer(to_response(body.error(), c.trace_id));
  body->workout_id = *workout;
  body->set_id = *set;
  return run_command(c, std::move(*body));
}

// DELETE /v1/workouts/{id}/sets/{set_id}
awaitable<response> delete_set(call& c) {
  const auto workout = id_in(c);
  const auto set = id_in(c, 1);
  if (!workout || !set)
    return answer(not_found(c));
  return run_command(c, messages::delete_set{*workout, *set}, {0, false});
}

constexpr route rows[] = {
  {verb::post, "/v1/workouts/{id}/sets", post_set, true, body_kind::json},
  {verb::get, "/v1/workouts/{id}/sets/{set_id}", get_set},
  {verb::patch, "/v1/workouts/{id}/sets/{set_id}", patch_set, true, body_kind::merge_patch},
  {verb::del, "/v1/workouts/{id}/sets/{set_id}", delete_set},
};

} // namespace

std::span<const route> set_routes() {
  return rows;
}

} // namespace spotter::gateway
