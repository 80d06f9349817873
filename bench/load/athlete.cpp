#include "bench/load/athlete.hpp"

#include "domain/uuid.hpp"

#include <charconv>

namespace spotter::bench {

namespace {

constexpr std::string_view effort = R"("reps":8,"weight":{"value":82.5,"unit":"kg"},"rpe":8.5})";

std::string new_id() {
  return domain::to_string(domain::make_uuid_v7());
}

} // namespace

athlete::athlete(const person& who, const std::string& exercise_id, int sets_in_workout)
  : who_{who}, exercise_id_{exercise_id}, sets_in_workout_{sets_in_workout} {}

athlete::step athlete::advance() {
  if (sets_ < 0) {
    sets_ = 0;
    workout_id_ = new_id();
    return step::start;
  }
  if (sets_ < sets_in_workout_) {
    ++sets_;
    set_id_ = new_id();
    return step::set;
  }
  sets_ = -1;
  return step::finish;
}

athlete::request athlete::next_http() {
  const auto what = advance();
  std::string body;
  bytes_ = "POST /v1/workouts";
  switch (what) {
    case step::start:
      body = R"({"id":")" + workout_id_ + R"(","title":"Push day"})";
      break;
    case step::set:
      bytes_ += "/" + workout_id_ + "/sets";
      body.append(R"({"id":")").append(set_id_);
      body.append(R"(","exercise_id":")").append(exercise_id_).append(R"(",)").append(effort);
      break;
    case step::finish:
      bytes_ += "/" + workout_id_ + "/finish";
      body = "{}";
      break;
  }
  bytes_ += " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + who_.token
            + "\r\nContent-Type: application/json\r\nContent-Length: ";
  bytes_ += std::to_string(body.size()) + "\r\n\r\n" + body;
  return {what, bytes_};
}

athlete::request athlete::next_message() {
  const auto what = advance();
  const auto& command_id = what == step::start ? workout_id_
                           : what == step::set ? set_id_
                                               : new_id();
  bytes_ = R"({"id":)" + std::to_string(++messages_ * 4 + static_cast<int>(what));
  bytes_ += R"(,"type":"command","command_id":")" + command_id;
  switch (what) {
    case step::start:
      bytes_ += R"(","command":"workout.start","data":{"title":"Push day"}})";
      break;
    case step::set:
      bytes_ += R"(","command":"set.log","data":{"workout_id":")" + workout_id_;
      bytes_.append(R"(","exercise_id":")").append(exercise_id_).append(R"(",)").append(effort);
      bytes_ += '}';
      break;
    case step::finish:
      bytes_ += R"(","command":"workout.finish","data":{"workout_id":")" + workout_id_ + R"("}})";
      break;
  }
  return {what, bytes_};
}

answer read_answer(std::string_view text) {
  constexpr std::string_view head = R"({"id":)";
  if (text.substr(0, head.size()) != head)
    return {};
  long id = 0;
  const auto [end, error] =
    std::from_chars(text.data() + head.size(), text.data() + text.size(), id);
  if (error != std::errc{})
    return {};
  constexpr std::string_view ack = R"(,"type":"ack")";
  const std::string_view rest{end, static_cast<std::size_t>(text.data() + text.size() - end)};
  return {true, rest.substr(0, ack.size()) == ack, static_cast<athlete::step>(id % 4)};
}

} // namespace spotter::bench
