#include "gateway/json/bodies.hpp"

#include "gateway/json/live_message.hpp"

#define CAF_SUITE bodies
#include "caf/test/dsl.hpp"

using namespace spotter;
using namespace spotter::gateway;

namespace {

constexpr auto exercise = "01a20378-08a5-779d-b7c3-1af1b2d289b2";

template <auto Parse, class... Context>
auto parse(std::string text, Context... where) {
  return Parse(padded_text{text}, where...);
}

std::string set_with(std::string_view members) {
  return R"({"exercise_id":")" + std::string(exercise) + "\"," + std::string(members) + "}";
}

/// "pointer code" of each error, in order; "malformed" for text that is not JSON.
template <class T>
std::string errors_of(const parsed<T>& result) {
  if (result)
    return "none";
  if (!result.error().malformed.empty())
    return "malformed";
  std::string out;
  for (const auto& e : result.error().errors)
    out += (out.empty() ? "" : ", ") + e.pointer + " " + e.code;
  return out;
}

std::string set_errors(std::string_view members) {
  return errors_of(parse<parse_log_set>(set_with(members), body_context{}));
}

std::string workout_errors(std::string text) {
  return errors_of(parse<parse_start_workout>(std::move(text), body_context{}));
}

} // namespace

CAF_TEST(reads a set with all its members) {
  const auto body = parse<parse_log_set>(
    set_with(R"("id":"01a20378-08a5-779d-b7c3-1af1b2d289b3","kind":"warmup","reps":0,
      "weight":{"value":62.5,"unit":"lb"},"rpe":8.5,"rir":2,"distance_m":12.5,"duration_ms":1,
      "rest_ms":90000,"target":{"reps":8},"completed_at":"2026-03-01T17:04:05Z",
      "exercise_instance_id":null)"),
    body_context{});
  CAF_REQUIRE(body.has_value());
  const auto& entry = body->entry;
  CAF_CHECK_EQUAL(domain::to_string(entry.exercise_id), exercise);
  CAF_CHECK(entry.kind == domain::set_kind::warmup);
  CAF_CHECK_EQUAL(entry.actual.reps.value_or(-1), 0);
  CAF_CHECK(entry.actual.weight == (domain::weight{62.5, domain::weight_unit::lb}));
  CAF_CHECK_EQUAL(entry.actual.rpe.value_or(0), 8.5);
  CAF_CHECK_EQUAL(entry.target->reps.value_or(0), 8);
  CAF_CHECK(!entry.target->weight);
  CAF_CHECK(!entry.exercise_instance_id);
  CAF_CHECK_EQUAL(domain::to_rfc3339(*entry.completed_at), "2026-03-01T17:04:05Z");
}

CAF_TEST(takes whole numbers with a fraction of zero) {
  CAF_CHECK_EQUAL(set_errors(R"("reps":8.0)"), "none");
  CAF_CHECK_EQUAL(set_errors(R"("reps":8e0)"), "none");
  CAF_CHECK_EQUAL(set_errors(R"("reps":8.5)"), "/reps invalid_type");
}

CAF_TEST(reports everything that is wrong with its place) {
  CAF_CHECK_EQUAL(set_errors(R"("reps":-1,"rpe":8.3,"wieght":1,"weight":{"value":1}, "kind":"x")"),
                  "/reps out_of_range, /rpe invalid_value, /wieght unknown_field, "
                  "/weight/unit required, /kind invalid_value");
  CAF_CHECK_EQUAL(set_errors(R"("target":{"reps":"8","x":[1,{"y":2}]})"),
                  "/target/reps invalid_type, /target/x unknown_field");
  CAF_CHECK_EQUAL(workout_errors(R"({"a/b~c":1})"), "/a~1b~0c unknown_field");
}

CAF_TEST(keeps ranges) {
  CAF_CHECK_EQUAL(set_errors(R"("reps":10000)"), "none");
  CAF_CHECK_EQUAL(set_errors(R"("reps":10001)"), "/reps out_of_range");
  CAF_CHECK_EQUAL(set_errors(R"("weight":{"value":2000,"unit":"kg"})"), "none");
  CAF_CHECK_EQUAL(set_errors(R"("weight":{"value":2000.1,"unit":"kg"})"),
                  "/weight/value out_of_range");
  CAF_CHECK_EQUAL(set_errors(R"("weight":{"value":-0.1,"unit":"kg"})"),
                  "/weight/value out_of_range");
  CAF_CHECK_EQUAL(set_errors(R"("reps":123456789012345678901234567890)"), "/reps out_of_range");
  CAF_CHECK_EQUAL(set_errors(R"("distance_m":1e400)"), "/distance_m out_of_range");
  CAF_CHECK_EQUAL(set_errors(R"("duration_ms":604800001)"), "/duration_ms out_of_range");
}

CAF_TEST(refuses what is not JSON) {
  for (const auto* bad : {"",
                          "   ",
                          "{",
                          "{}}",
                          "{} {}",
                          "[",
                          "{\"title\":}",
                          "{\"title\":\"a\",}",
                          "{'title':1}",
                          "{\"title\":tru}",
                          "{\"x\":tru}",
                          "{\"x\":01}",
                          "{\"x\":1.}",
                          "{\"x\":[1,]}",
                          "nul",
                          "{\"title\":\"\xff\"}",
                          "{\"title\":\"\\ud800\"}",
                          "{\"title\":\"a\nb\"}",
                          "{\"title\":\"a\",\"title\":\"b\"}",
                          "{\"x\":{\"a\":1 \"b\":2}}"})
    CAF_CHECK_EQUAL(workout_errors(bad), "malformed");
  CAF_CHECK_EQUAL(workout_errors("{\"x\":" + std::string(100, '[') + std::string(100, ']') + "}"),
                  "malformed");
}

CAF_TEST(refuses JSON that is not an object) {
  for (const auto* other : {"[]", "1", "\"a\"", "true", "null", "[[1,2],{\"a\":null}]"})
    CAF_CHECK_EQUAL(workout_errors(other), " invalid_type");
}

CAF_TEST(refuses U 0000 in text and counts characters rather than bytes) {
  CAF_CHECK_EQUAL(workout_errors("{\"title\":\"a\\u0000b\"}"), "/title invalid_text");
  std::string two_hundred;
  for (int i = 0; i < 200; ++i)
    two_hundred += "\xc3\xa9";
  CAF_CHECK_EQUAL(workout_errors("{\"title\":\"" + two_hundred + "\"}"), "none");
  CAF_CHECK_EQUAL(workout_errors("{\"title\":\"" + two_hundred + "x\"}"), "/title too_long");
}

CAF_TEST(knows time zones and times) {
  CAF_CHECK_EQUAL(workout_errors(R"({"time_zone":"Europe/Berlin"})"), "none");
  CAF_CHECK_EQUAL(workout_errors(R"({"time_zone":"UTC"})"), "none");
  for (const auto* bad : {"Mars/Base", "../etc/passwd", "/etc/localtime", "Europe", ""})
    CAF_CHECK_EQUAL(workout_errors(std::string(R"({"time_zone":")") + bad + "\"}"),
                    "/time_zone invalid_value");
  CAF_CHECK_EQUAL(workout_errors(R"({"started_at":"2026-02-30T00:00:00Z"})"),
                  "/started_at invalid_format");
}

CAF_TEST(tells in a merge patch what is absent from what is null) {
  const auto body =
    parse<parse_update_set>(std::string(R"({"reps":null,"rpe":9,"target":null})"), body_context{});
  CAF_REQUIRE(body.has_value());
  CAF_CHECK_EQUAL(body->given,
                  messages::member_reps | messages::member_rpe | messages::member_target);
  CAF_CHECK(!body->actual.reps);
  CAF_CHECK(!body->target);
  const auto workout =
    parse<parse_update_workout>(std::string(R"({"notes":null})"), body_context{});
  CAF_REQUIRE(workout.has_value());
  CAF_CHECK(!workout->title);
  CAF_CHECK_EQUAL(workout->notes.value_or("kept"), "");
}

CAF_TEST(takes the id of the workout from a command but not from a body) {
  const auto text = set_with(R"("workout_id":"01a20378-08a5-779d-b7c3-1af1b2d289b3")");
  CAF_CHECK_EQUAL(errors_of(parse<parse_log_set>(text, body_context{})),
                  "/workout_id unknown_field");
  CAF_CHECK_EQUAL(errors_of(parse<parse_log_set>(text, body_context{"/data", true})), "none");
  CAF_CHECK_EQUAL(
    errors_of(parse<parse_log_set>(set_with(R"("reps":"x")"), body_context{"/data", true})),
    "/data/reps invalid_type, /data/workout_id required");
}

CAF_TEST(reads live messages) {
  std::string text = R"({"id":4,"type":"command","command":"set.log",
    "command_id":"01a20378-08a5-779d-b7c3-1af1b2d289b3","data":{"a":[1,"}"]}})";
  const auto message = parse_live_message(padded_text{text});
  CAF_REQUIRE(message.has_value());
  CAF_CHECK_EQUAL(message->id.value_or(0), 4);
  CAF_CHECK_EQUAL(message->command, "set.log");
  CAF_CHECK_EQUAL(message->data, R"({"a":[1,"}"]})");
  std::string resume = R"({"type":"subscribe","topic":"me","since":{"epoch":3,"seq":12}})";
  const auto subscribe = parse_live_message(padded_text{resume});
  CAF_REQUIRE(subscribe.has_value());
  CAF_CHECK(subscribe->since == (messages::position{3, 12}));
  CAF_CHECK(subscribe->topic.workout_id.is_nil());
}

CAF_TEST(keeps the id of a live message that is wrong) {
  std::string text = R"({"id":7,"type":"subscribe","topic":"you"})";
  const auto message = parse_live_message(padded_text{text});
  CAF_REQUIRE(!message.has_value());
  CAF_CHECK_EQUAL(message.error().id.value_or(0), 7);
  CAF_REQUIRE_EQUAL(message.error().what.errors.size(), 1u);
  CAF_CHECK_EQUAL(message.error().what.errors[0].pointer, "/topic");
}

CAF_TEST(asks for the members that a type needs) {
  std::string text = R"({"id":7,"type":"command","data":{}})";
  const auto message = parse_live_message(padded_text{text});
  CAF_REQUIRE(!message.has_value());
  CAF_CHECK_EQUAL(message.error().what.errors.size(), 2u);
}

CAF_TEST(reads the detail of an outcome as it is) {
  const auto body =
    parse<parse_outcome>(std::string(R"({"accepted":true,"detail":{"reps": [1, 2]}})"));
  CAF_REQUIRE(body.has_value());
  CAF_CHECK_EQUAL(body->detail.view(), R"({"reps": [1, 2]})");
  CAF_CHECK_EQUAL(
    errors_of(parse<parse_outcome>(std::string(R"({"accepted":1,"detail":{"a":tru}})"))),
    "malformed");
}
