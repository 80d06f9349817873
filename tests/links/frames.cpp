#include "tests/links/frames.hpp"

#include <stdexcept>

namespace spotter::test {

namespace {

using namespace spotter::messages;

domain::uuid id_of(std::uint8_t number) {
  domain::uuid id;
  id.bytes[0] = number;
  id.bytes[15] = static_cast<std::uint8_t>(~number);
  return id;
}

domain::effort some_effort() {
  domain::effort out;
  out.reps = 8;
  out.weight = domain::weight{102.5, domain::weight_unit::kg};
  out.rpe = 8.5;
  out.distance_m = 1'609.344;
  out.duration_ms = 61'001;
  return out;
}

domain::workout some_workout() {
  domain::workout out;
  out.workout_id = id_of(1);
  out.title = "Beine";
  out.source = domain::source_ref{"strong", "2024-01-02", "abc"};
  for (std::uint8_t i = 0; i < 3; ++i) {
    auto& exercise = out.exercises.emplace_back();
    exercise.instance_id = id_of(i);
    for (std::uint8_t k = 0; k < 5; ++k) {
      auto& set = exercise.sets.emplace_back();
      set.set_id = id_of(k);
      set.actual = some_effort();
      set.target = some_effort();
    }
  }
  return out;
}

peer_request request(decltype(peer_request::what) what) {
  return {77, id_of(9), 12, 9'500, std::move(what)};
}

command some_command(command_body body) {
  return {id_of(9), idempotency{"key", std::string(64, 'f')}, 41, "trace", std::move(body)};
}

} // namespace

std::vector<peer_frame> all_frames() {
  std::vector<peer_frame> out;
  log_set set;
  set.workout_id = id_of(2);
  set.entry.set_id = id_of(3);
  set.entry.actual = some_effort();
  out.emplace_back(request(some_command(set)));
  out.emplace_back(request(some_command(delete_set{id_of(1), id_of(2)})));
  import_workouts import;
  import.workouts.assign(20, some_workout());
  import.exercises.resize(40);
  import.log.assign(100, {1, "warning", "unknown_unit", "The unit is not known."});
  out.emplace_back(request(some_command(import)));
  create_exercise exercise;
  exercise.primary_muscles.assign(12, "chest");
  out.emplace_back(request(some_command(exercise)));
  out.emplace_back(request(read{id_of(9), get_workout{id_of(1)}}));
  out.emplace_back(request(read{id_of(9), get_taxonomies{}}));
  out.emplace_back(request(follow{id_of(9), {}, position{3, 99}}));

  outcome done;
  done.created = true;
  done.body = shared_text{R"({"set":1})"};
  out.emplace_back(peer_reply{77, 12, command_reply{done}});
  failure refused{failure_code::invalid_content, "no", {}, 1'000};
  refused.errors.assign(50, {"/reps", "too_large", "at most 10,000"});
  out.emplace_back(peer_reply{78, 12, command_reply{refused}});
  out.emplace_back(peer_reply{79, 0, read_reply{rendered{5, shared_text{std::string(300, 'p')}}}});
  subscribed joined;
  joined.recovered = true;
  joined.replay.assign(200, event{{1, 2}, event_name::set_logged, id_of(1), {}, {"{}"}});
  out.emplace_back(peer_reply{80, 12, subscribe_reply{joined}});

  out.emplace_back(unfollow{id_of(9)});
  out.emplace_back(events_published{id_of(9), joined.replay});
  out.emplace_back(session_ended{id_of(9)});
  out.emplace_back(login_revoked{id_of(9), id_of(4)});
  return out;
}

links::bytes payload_of(peer_frame frame) {
  links::bytes out;
  if (!links::append_message(out, frame, std::size_t{1} << 30))
    throw std::runtime_error("a message can't be written");
  out.erase(out.begin(), out.begin() + links::header_size);
  return out;
}

} // namespace spotter::test
