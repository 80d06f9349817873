#include "gateway/json/live_message.hpp"

#include "gateway/json/body_reader.hpp"

namespace spotter::gateway {

namespace {

using namespace json;

constexpr std::string_view athlete_prefix = "athlete:";
constexpr std::string_view workout_prefix = "workout:";

std::optional<domain::uuid> parse_id(std::string_view text) noexcept {
  const auto id = domain::parse_uuid(text);
  return id && !id->is_nil() ? id : std::nullopt;
}

constexpr std::int64_t largest = std::int64_t{1} << 53; // what every client can hold

std::optional<live_message_type> parse_type(std::string_view text) noexcept {
  if (text == "auth")
    return live_message_type::auth;
  if (text == "subscribe")
    return live_message_type::subscribe;
  if (text == "unsubscribe")
    return live_message_type::unsubscribe;
  if (text == "command")
    return live_message_type::command;
  if (text == "ping")
    return live_message_type::ping;
  return std::nullopt;
}

std::optional<messages::position> read_position(reader& r, value& v) {
  messages::position at;
  bool complete = true;
  const auto into = [&complete](std::int64_t& out) {
    return [&out, &complete](reader& inner, value& x) {
      if (const auto n = read_integer(inner, x, 0, largest))
        out = *n;
      else
        complete = false;
    };
  };
  read_object(r, v, {{"epoch", into(at.epoch), true}, {"seq", into(at.seq), true}});
  return complete ? std::optional{at} : std::nullopt;
}

} // namespace

std::string to_string(const live_topic& topic) {
  std::string out;
  if (!topic.athlete_id.is_nil()) {
    out = athlete_prefix;
    domain::append(out, topic.athlete_id);
    if (topic.workout_id.is_nil())
      return out;
    out += '/';
  } else if (topic.workout_id.is_nil()) {
    return "me";
  }
  out += workout_prefix;
  domain::append(out, topic.workout_id);
  return out;
}

std::optional<live_topic> parse_topic(std::string_view text) noexcept {
  if (text == "me")
    return live_topic{};
  live_topic topic;
  if (text.starts_with(athlete_prefix)) {
    text.remove_prefix(athlete_prefix.size());
    const auto end = text.find('/');
    const auto athlete = parse_id(text.substr(0, end));
    if (!athlete)
      return std::nullopt;
    topic.athlete_id = *athlete;
    if (end == text.npos)
      return topic;
    text.remove_prefix(end + 1);
  }
  if (!text.starts_with(workout_prefix))
    return std::nullopt;
  const auto workout = parse_id(text.substr(workout_prefix.size()));
  if (!workout)
    return std::nullopt;
  topic.workout_id = *workout;
  return topic;
}

domain::expected<live_message, live_message_error> parse_live_message(padded_text text) {
  live_message out;
  std::optional<live_message_type> type;
  std::optional<live_topic> topic;
  std::optional<domain::uuid> command_id;
  const auto read_type = [&](reader& r, value& v) {
    const auto word = read_text(r, v, 32);
    if (!word)
      return;
    type = parse_type(*word);
    if (!type)
      r.error("invalid_value", "Must be auth, subscribe, unsubscribe, command or ping.");
  };
  const auto read_id = [&](reader& r, value& v) {
    if (!is_null(v))
      out.id = read_integer(r, v, -largest, largest);
  };
  const auto read_topic = [&](reader& r, value& v) {
    const auto word = read_text(r, v, 128);
    if (!word)
      return;
    topic = parse_topic(*word);
    if (!topic)
      r.error("invalid_value", "Must be me, workout:<uuid> or athlete:<uuid>.");
  };
  const auto read_since = [&](reader& r, value& v) {
    if (!is_null(v))
      out.since = read_position(r, v);
  };
  const auto read_command_id = [&](reader& r, value& v) { command_id = read_uuid(r, v); };
  // The command's own parser checks it: here only where it begins and ends.
  const auto read_data = [&](reader& r, value& v) {
    if (const auto raw = find_object(r, v))
      out.data = *raw;
  };

  reader r{""};
  live_message_error error;
  const bool is_json = read_document(r, text, error.what.malformed,
                                     {{"id", read_id},
                                      {"type", read_type, true},
                                      {"token", text_into(out.token, 2'048, 1)},
                                      {"topic", read_topic},
                                      {"since", read_since},
                                      {"command", text_into(out.command, 64, 1)},
                                      {"command_id", read_command_id},
                                      {"data", read_data}});
  error.id = out.id;
  if (!is_json)
    return error;
  if (r.clean() && type) {
    const auto need = [&r](bool present, std::string_view member) {
      if (!present)
        r.error_at(member, "required", "This field is needed.");
    };
    switch (*type) {
      case live_message_type::auth:
        need(!out.token.empty(), "token");
        break;
      case live_message_type::subscribe:
      case live_message_type::unsubscribe:
        need(topic.has_value(), "topic");
        break;
      case live_message_type::command:
        need(!out.command.empty(), "command");
        need(command_id.has_value(), "command_id");
        need(!out.data.empty(), "data");
        break;
      case live_message_type::ping:
        break;
    }
  }
  if (!r.clean()) {
    error.what.errors = r.take_errors();
    return error;
  }
  out.type = *type;
  out.topic = topic.value_or(live_topic{});
  out.command_id = command_id.value_or(domain::uuid{});
  return out;
}

} // namespace spotter::gateway
