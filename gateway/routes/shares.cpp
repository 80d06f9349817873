#include "gateway/routes/answers.hpp"
#include "gateway/routes/in_step.hpp"

// Shares, and what they show. Everything of another person lies below /v1/athletes/{id}: what is not
// here is shown to nobody.

namespace spotter::gateway {

namespace {

// GET /v1/shares
awaitable<response> get_shares(call& c) {
  query_reader query{c, {"limit", "cursor", "direction"}};
  messages::get_shares what;
  what.window = query.window();
  what.direction = query.word("direction", {"given", "received"});
  if (!query.clean())
    return answer(query.refusal(c));
  return ask_factors(c, std::move(what));
}

// POST /v1/shares
awaitable<response> post_share(call& c) {
  auto body = parse_offer_share(body_of(c));
  if (!body)
    return answer(to_response(body.error(), c.trace_id));
  const auto named = name_by_key(c, body->share_id);
  if (!named)
    return answer(to_response(named.error(), c.trace_id));
  return in_step(ask_factors(c, std::move(*body), 201, *named));
}

// GET /v1/shares/{id}
awaitable<response> get_share(call& c) {
  const auto id = id_in(c);
  return id ? ask_factors(c, messages::get_share{*id}) : answer(not_found(c));
}

// PATCH /v1/shares/{id}
awaitable<response> patch_share(call& c) {
  const auto id = id_in(c);
  if (!id)
    return answer(not_found(c));
  auto body = parse_update_share(body_of(c));
  if (!body)
    return answer(to_response(body.error(), c.trace_id));
  body->share_id = *id;
  body->if_match = if_match(c);
  return ask_factors(c, std::move(*body));
}

// POST /v1/shares/{id}/accept
awaitable<response> accept_share(call& c) {
  const auto id = id_in(c);
  return id ? ask_factors(c, messages::accept_share{*id}) : answer(not_found(c));
}

// DELETE /v1/shares/{id}
awaitable<response> delete_share(call& c) {
  const auto id = id_in(c);
  return id ? ask_factors(c, messages::end_share{*id, if_match(c)}) : answer(not_found(c));
}

// GET /v1/athletes/{id}/workouts
awaitable<response> get_workouts(call& c) {
  const auto athlete = id_in(c);
  if (!athlete)
    return answer(not_found(c));
  query_reader query{c, {"limit", "cursor", "state", "since", "until"}};
  messages::get_workouts what;
  what.window = query.window();
  what.state = query.word("state", {"live", "finished"});
  what.since = query.time("since");
  what.until = query.time("until");
  if (!query.clean())
    return answer(query.refusal(c));
  return read_shared(c, *athlete, std::move(what));
}

// GET /v1/athletes/{id}/workouts/{workout_id}
awaitable<response> get_workout(call& c) {
  const auto athlete = id_in(c);
  const auto workout = id_in(c, 1);
  if (!athlete || !workout)
    return answer(not_found(c));
  const query_reader query{c, {}};
  if (!query.clean())
    return answer(query.refusal(c));
  return read_shared(c, *athlete, messages::get_workout{*workout});
}

// GET /v1/athletes/{id}/records
awaitable<response> get_records(call& c) {
  const auto athlete = id_in(c);
  if (!athlete)
    return answer(not_found(c));
  query_reader query{c, {"limit", "cursor"}};
  messages::get_records what{query.window()};
  if (!query.clean())
    return answer(query.refusal(c));
  return read_shared(c, *athlete, std::move(what));
}

// GET /v1/athletes/{id}/exercises/{exercise_id}
awaitable<response> get_exercise(call& c) {
  const auto athlete = id_in(c);
  const auto exercise = id_in(c, 1);
  if (!athlete || !exercise)
    return answer(not_found(c));
  const query_reader query{c, {}};
  if (!query.clean())
    return answer(query.refusal(c));
  return read_shared(c, *athlete, messages::get_exercise{*exercise});
}

constexpr route rows[] = {
  {verb::get, "/v1/shares", get_shares},
  {verb::post, "/v1/shares", post_share, true, body_kind::json},
  {verb::get, "/v1/shares/{id}", get_share},
  {verb::patch, "/v1/shares/{id}", patch_share, true, body_kind::merge_patch},
  {verb::del, "/v1/shares/{id}", delete_share},
  {verb::post, "/v1/shares/{id}/accept", accept_share},
  {verb::get, "/v1/athletes/{id}/workouts", get_workouts},
  {verb::get, "/v1/athletes/{id}/workouts/{workout_id}", get_workout},
  {verb::get, "/v1/athletes/{id}/records", get_records},
  {verb::get, "/v1/athletes/{id}/exercises/{exercise_id}", get_exercise},
};

} // namespace

std::span<const route> share_routes() {
  return rows;
}

} // namespace spotter::gateway
