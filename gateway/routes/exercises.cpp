#include "gateway/routes/answers.hpp"

namespace spotter::gateway {

namespace {

constexpr std::size_t longest_word = 100;

// GET /v1/exercises
awaitable<response> get_exercises(call& c) {
  query_reader query{c, {"limit", "cursor", "q", "muscle", "equipment"}};
  messages::get_exercises what;
  what.window = query.window();
  what.q = query.text("q", longest_word);
  what.muscle = query.text("muscle", longest_word);
  what.equipment = query.text("equipment", longest_word);
  if (!query.clean())
    return answer(query.refusal(c));
  return read(c, std::move(what));
}

// GET /v1/exercises/{id}
awaitable<response> get_exercise(call& c) {
  const auto id = id_in(c);
  if (!id)
    return answer(not_found(c));
  return read(c, messages::get_exercise{*id});
}

// POST /v1/exercises
awaitable<response> post_exercise(call& c) {
  auto body = parse_create_exercise(body_of(c));
  if (!body)
    return answer(to_response(body.error(), c.trace_id));
  return run_command(c, std::move(*body));
}

// PATCH /v1/exercises/{id}
awaitable<response> patch_exercise(call& c) {
  const auto id = id_in(c);
  if (!id)
    return answer(not_found(c));
  auto body = parse_update_exercise(body_of(c));
  if (!body)
    return answer(to_response(body.error(), c.trace_id));
  body->exercise_id = *id;
  return run_command(c, std::move(*body));
}

// DELETE /v1/exercises/{id}
awaitable<response> delete_exercise(call& c) {
  const auto id = id_in(c);
  if (!id)
    return answer(not_found(c));
  return run_command(c, messages::delete_exercise{*id}, {0, false});
}

// GET /v1/muscles
awaitable<response> get_muscles(call& c) {
  query_reader query{c, {"taxonomy"}};
  messages::get_muscles what;
  what.taxonomy = static_cast<std::int32_t>(query.integer("taxonomy", 0, 1, 1'000'000));
  if (!query.clean())
    return answer(query.refusal(c));
  return read(c, what);
}

// GET /v1/taxonomies
awaitable<response> get_taxonomies(call& c) {
  return read(c, messages::get_taxonomies{});
}

constexpr route rows[] = {
  {verb::get, "/v1/exercises", get_exercises},
  {verb::post, "/v1/exercises", post_exercise, true, body_kind::json},
  {verb::get, "/v1/exercises/{id}", get_exercise},
  {verb::patch, "/v1/exercises/{id}", patch_exercise, true, body_kind::merge_patch},
  {verb::del, "/v1/exercises/{id}", delete_exercise},
  {verb::get, "/v1/muscles", get_muscles},
  {verb::get, "/v1/taxonomies", get_taxonomies},
};

} // namespace

std::span<const route> exercise_routes() {
  return rows;
}

} // namespace spotter::gateway
