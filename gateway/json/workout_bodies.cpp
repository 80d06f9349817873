#include "gateway/json/body_reader.hpp"

#include <cmath>

namespace spotter::gateway {

namespace {

using namespace json;

constexpr std::size_t longest_title = 200;
constexpr std::size_t longest_notes = 10'000;

constexpr std::int64_t most_reps = 10'000;
constexpr std::int64_t most_rir = 20;
constexpr double longest_distance_m = 1'000'000;
constexpr std::int64_t longest_duration_ms = 7LL * 24 * 3'600'000;
constexpr std::int64_t longest_rest_ms = 24LL * 3'600'000;

std::optional<domain::weight> read_weight(reader& r, value& v) {
  std::optional<double> amount;
  std::optional<domain::weight_unit> unit;
  const auto read_amount = [&](reader& inner, value& x) { amount = read_number(inner, x, 0, 1e7); };
  const auto read_unit = [&](reader& inner, value& x) {
    const auto word = read_text(inner, x, 8);
    if (!word)
      return;
    if (*word == "kg" || *word == "lb")
      unit = domain::parse_weight_unit(*word);
    else
      inner.error("invalid_value", "Must be kg or lb.");
  };
  read_object(r, v, {{"value", read_amount, true}, {"unit", read_unit, true}});
  if (!amount || !unit)
    return std::nullopt;
  const domain::weight weight{*amount, *unit};
  if (weight.grams() > domain::max_weight_grams) {
    r.error_at("value", "out_of_range", "Must be at most 2,000 kg.");
    return std::nullopt;
  }
  return weight;
}

std::optional<double> read_rpe(reader& r, value& v) {
  const auto rpe = read_number(r, v, 1, 10);
  if (rpe && std::trunc(*rpe * 2) != *rpe * 2) {
    r.error("invalid_value", "Must be a multiple of 0.5.");
    return std::nullopt;
  }
  return rpe;
}

/// Notes in `given` that the member was there; null clears it.
template <class T, class Read>
auto member_into(std::optional<T>& out, std::uint32_t& given, std::uint32_t bit, Read read) {
  return [&out, &given, bit, read](reader& r, value& v) {
    given |= bit;
    if (is_null(v)) {
      out.reset();
      return;
    }
    if (auto x = read(r, v))
      out = static_cast<T>(*x);
  };
}

auto integer(std::int64_t most) {
  return [most](reader& r, value& v) { return read_integer(r, v, 0, most); };
}

const auto read_distance = [](reader& r, value& v) {
  return read_number(r, v, 0, longest_distance_m);
};

void read_effort(reader& r, value& v, domain::effort& out) {
  std::uint32_t given = 0;
  read_object(
    r, v,
    {{"reps", member_into(out.reps, given, messages::member_reps, integer(most_reps))},
     {"weight", member_into(out.weight, given, messages::member_weight, read_weight)},
     {"rpe", member_into(out.rpe, given, messages::member_rpe, read_rpe)},
     {"rir", member_into(out.rir, given, messages::member_rir, integer(most_rir))},
     {"distance_m", member_into(out.distance_m, given, messages::member_distance, read_distance)},
     {"duration_ms",
      member_into(out.duration_ms, given, messages::member_duration, integer(longest_duration_ms))},
     {"rest_ms",
      member_into(out.rest_ms, given, messages::member_rest, integer(longest_rest_ms))}});
}

auto target_into(std::optional<domain::effort>& out, std::uint32_t& given) {
  return [&out, &given](reader& r, value& v) {
    given |= messages::member_target;
    if (is_null(v)) {
      out.reset();
      return;
    }
    domain::effort target;
    read_effort(r, v, target);
    out = target;
  };
}

std::optional<domain::set_kind> read_kind(reader& r, value& v) {
  const auto word = read_text(r, v, 32);
  if (!word)
    return std::nullopt;
  const auto kind = domain::parse_set_kind(*word);
  if (!kind)
    r.error("invalid_value", "Must be normal, warmup, dropset or failure.");
  return kind;
}

template <class Kind>
auto kind_into(Kind& out) {
  return [&out](reader& r, value& v) { put(out, read_kind(r, v)); };
}

/// The id of a workout or set, which commands name and paths imply.
auto named_by(bool command, domain::uuid& out) {
  return [command, &out](reader& r, value& v) {
    if (command) {
      put(out, read_uuid(r, v));
    } else {
      consume(v);
      r.error("unknown_field", "There is no such field here.");
    }
  };
}

// Routines come later; until then no id can name one.
void read_routine(reader& r, value& v) {
  if (!is_null(v) && read_uuid(r, v))
    r.error("not_found", "There is no such routine.");
}

const auto routine = [](reader& r, value& v) { read_routine(r, v); };

template <class T>
parsed<T> only_workout_id(padded_text text, body_context where) {
  T out;
  return read_body(text, where.prefix, out,
                   {{"workout_id", named_by(where.command, out.workout_id), where.command}});
}

} // namespace

parsed<messages::start_workout> parse_start_workout(padded_text text, body_context where) {
  messages::start_workout out;
  return read_body(text, where.prefix, out,
                   {{"id", id_into(out.workout_id)},
                    {"title", text_or_null_into(out.title, longest_title)},
                    {"started_at", time_into(out.started_at)},
                    {"time_zone", zone_into(out.time_zone)},
                    {"routine_id", routine},
                    {"notes", text_or_null_into(out.notes, longest_notes)}});
}

parsed<messages::update_workout> parse_update_workout(padded_text text, body_context where) {
  messages::update_workout out;
  // In a merge patch null takes a text away; a time can't be taken away.
  const auto cleared_by_null = [](std::optional<std::string>& member, std::size_t most) {
    return [&member, most](reader& r, value& v) {
      member.emplace();
      text_or_null_into(*member, most)(r, v);
    };
  };
  const auto read_start = [&out](reader& r, value& v) { put(out.started_at, read_instant(r, v)); };
  return read_body(text, where.prefix, out,
                   {{"workout_id", named_by(where.command, out.workout_id), where.command},
                    {"title", cleared_by_null(out.title, longest_title)},
                    {"notes", cleared_by_null(out.notes, longest_notes)},
                    {"started_at", read_start},
                    {"time_zone", zone_into(out.time_zone)}});
}

parsed<messages::finish_workout> parse_finish_workout(padded_text text, body_context where) {
  messages::finish_workout out;
  return read_body(text, where.prefix, out,
                   {{"workout_id", named_by(where.command, out.workout_id), where.command},
                    {"finished_at", time_into(out.finished_at)}});
}

parsed<messages::delete_workout> parse_delete_workout(padded_text text, body_context where) {
  return only_workout_id<messages::delete_workout>(text, where);
}

parsed<messages::restore_workout> parse_restore_workout(padded_text text, body_context where) {
  return only_workout_id<messages::restore_workout>(text, where);
}

parsed<messages::revert_workout> parse_revert_workout(padded_text text, body_context where) {
  messages::revert_workout out;
  const auto read_version = [&out](reader& r, value& v) {
    put(out.version, read_integer(r, v, 1, std::int64_t{1} << 53));
  };
  return read_body(text, where.prefix, out,
                   {{"workout_id", named_by(where.command, out.workout_id), where.command},
                    {"version", read_version, true}});
}

parsed<messages::log_set> parse_log_set(padded_text text, body_context where) {
  messages::log_set out;
  auto& entry = out.entry;
  auto& actual = entry.actual;
  std::uint32_t given = 0;
  return read_body(
    text, where.prefix, out,
    {{"workout_id", named_by(where.command, out.workout_id), where.command},
     {"id", id_into(entry.set_id)},
     {"exercise_id", id_into(entry.exercise_id), true},
     {"exercise_instance_id", id_into(entry.exercise_instance_id)},
     {"kind", kind_into(entry.kind)},
     {"reps", member_into(actual.reps, given, messages::member_reps, integer(most_reps))},
     {"weight", member_into(actual.weight, given, messages::member_weight, read_weight)},
     {"rpe", member_into(actual.rpe, given, messages::member_rpe, read_rpe)},
     {"rir", member_into(actual.rir, given, messages::member_rir, integer(most_rir))},
     {"distance_m",
      member_into(actual.distance_m, given, messages::member_distance, read_distance)},
     {"duration_ms", member_into(actual.duration_ms, given, messages::member_duration,
                                 integer(longest_duration_ms))},
     {"rest_ms",
      member_into(actual.rest_ms, given, messages::member_rest, integer(longest_rest_ms))},
     {"target", target_into(entry.target, given)},
     {"completed_at", time_into(entry.completed_at)}});
}

parsed<messages::update_set> parse_update_set(padded_text text, body_context where) {
  messages::update_set out;
  auto& actual = out.actual;
  auto& given = out.given;
  const auto read_completed = [&out](reader& r, value& v) {
    put(out.completed_at, read_instant(r, v));
  };
  return read_body(
    text, where.prefix, out,
    {{"workout_id", named_by(where.command, out.workout_id), where.command},
     {"set_id", named_by(where.command, out.set_id), where.command},
     {"kind", kind_into(out.kind)},
     {"reps", member_into(actual.reps, given, messages::member_reps, integer(most_reps))},
     {"weight", member_into(actual.weight, given, messages::member_weight, read_weight)},
     {"rpe", member_into(actual.rpe, given, messages::member_rpe, read_rpe)},
     {"rir", member_into(actual.rir, given, messages::member_rir, integer(most_rir))},
     {"distance_m",
      member_into(actual.distance_m, given, messages::member_distance, read_distance)},
     {"duration_ms", member_into(actual.duration_ms, given, messages::member_duration,
                                 integer(longest_duration_ms))},
     {"rest_ms",
      member_into(actual.rest_ms, given, messages::member_rest, integer(longest_rest_ms))},
     {"target", target_into(out.target, given)},
     {"completed_at", read_completed}});
}

parsed<messages::delete_set> parse_delete_set(padded_text text, body_context where) {
  messages::delete_set out;
  return read_body(text, where.prefix, out,
                   {{"workout_id", named_by(where.command, out.workout_id), where.command},
                    {"set_id", named_by(where.command, out.set_id), where.command}});
}

} // namespace spotter::gateway
