#include "gateway/json/body_reader.hpp"

namespace spotter::gateway {

namespace {

using namespace json;

constexpr std::size_t longest_email = 254;
constexpr std::size_t longest_password = 1'024; // hashing costs by length
constexpr std::size_t longest_name = 100;
constexpr std::size_t longest_token = 1'024;
constexpr std::size_t longest_slug = 64;
constexpr std::size_t most_muscles = 32;

auto muscles_into(std::vector<std::string>& out) {
  return [&out](reader& r, value& v) { put(out, read_texts(r, v, most_muscles, longest_slug)); };
}

auto muscles_into(std::optional<std::vector<std::string>>& out) {
  return [&out](reader& r, value& v) { put(out, read_texts(r, v, most_muscles, longest_slug)); };
}

} // namespace

parsed<messages::register_account> parse_register(padded_text text) {
  messages::register_account out;
  return read_body(text, "", out,
                   {{"email", text_into(out.email, longest_email, 1), true},
                    {"password", text_into(out.password, longest_password, 1), true},
                    {"display_name", text_or_null_into(out.display_name, longest_name)},
                    {"time_zone", zone_into(out.time_zone)}});
}

parsed<messages::log_in> parse_log_in(padded_text text) {
  messages::log_in out;
  return read_body(text, "", out,
                   {{"email", text_into(out.email, longest_email, 1), true},
                    {"password", text_into(out.password, longest_password, 1), true}});
}

parsed<messages::refresh_login> parse_refresh(padded_text text) {
  messages::refresh_login out;
  return read_body(text, "", out,
                   {{"refresh_token", text_into(out.refresh_token, longest_token, 1), true}});
}

parsed<messages::update_profile> parse_update_profile(padded_text text) {
  messages::update_profile out;
  const auto read_unit = [&out](reader& r, value& v) {
    const auto word = read_text(r, v, longest_slug);
    if (!word)
      return;
    // Only the two words that answers use: "lbs" is for files of others.
    if (*word == "kg" || *word == "lb")
      out.unit = domain::parse_weight_unit(*word);
    else
      r.error("invalid_value", "Must be kg or lb.");
  };
  const auto read_name = [&out](reader& r, value& v) {
    out.display_name.emplace();
    text_or_null_into(*out.display_name, longest_name)(r, v);
  };
  return read_body(
    text, "", out,
    {{"display_name", read_name}, {"time_zone", zone_into(out.time_zone)}, {"unit", read_unit}});
}

parsed<messages::create_exercise> parse_create_exercise(padded_text text) {
  messages::create_exercise out;
  return read_body(text, "", out,
                   {{"id", id_into(out.exercise_id)},
                    {"name", text_into(out.name, 200, 1), true},
                    {"equipment", text_or_null_into(out.equipment, longest_slug)},
                    {"primary_muscles", muscles_into(out.primary_muscles)},
                    {"secondary_muscles", muscles_into(out.secondary_muscles)}});
}

parsed<messages::update_exercise> parse_update_exercise(padded_text text) {
  messages::update_exercise out;
  return read_body(text, "", out,
                   {{"name", text_into(out.name, 200, 1)},
                    {"equipment", text_into(out.equipment, longest_slug)},
                    {"primary_muscles", muscles_into(out.primary_muscles)},
                    {"secondary_muscles", muscles_into(out.secondary_muscles)}});
}

parsed<messages::recommend> parse_recommend(padded_text text) {
  messages::recommend out;
  const auto read_kind = [&out](reader& r, value& v) {
    put(out.kind, read_text(r, v, longest_slug, 1));
    if (!out.kind.empty() && out.kind != "next_set")
      r.error("invalid_value", "Must be next_set: other advice is not given yet.");
  };
  const auto reps_into = [](std::int32_t& reps) {
    return [&reps](reader& r, value& v) {
      if (const auto n = read_integer(r, v, 1, 100))
        reps = static_cast<std::int32_t>(*n);
    };
  };
  auto result = read_body(text, "", out,
                          {{"id", id_into(out.recommendation_id)},
                           {"kind", read_kind, true},
                           {"exercise_id", id_into(out.exercise_id), true},
                           {"rep_min", reps_into(out.rep_min)},
                           {"rep_max", reps_into(out.rep_max)},
                           {"engine", text_or_null_into(out.engine, 100)}});
  if (result && result->rep_min > result->rep_max) {
    body_error error;
    error.errors.push_back({"/rep_max", "out_of_range", "Must not be below rep_min."});
    return error;
  }
  return result;
}

parsed<messages::record_outcome> parse_outcome(padded_text text) {
  messages::record_outcome out;
  const auto read_accepted = [&out](reader& r, value& v) { put(out.accepted, read_bool(r, v)); };
  const auto read_detail = [&out](reader& r, value& v) {
    if (is_null(v))
      return;
    if (auto raw = read_raw_object(r, v))
      out.detail = std::move(*raw);
  };
  return read_body(text, "", out, {{"accepted", read_accepted, true}, {"detail", read_detail}});
}

} // namespace spotter::gateway
