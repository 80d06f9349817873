#include "gateway/live/event_text.hpp"

#include "actors/messages/resource_json.hpp"
#include "domain/json_redaction.hpp"

#include <charconv>

namespace spotter::gateway {

bool is_from_elsewhere(std::string_view json) noexcept {
  // A quote within a text has a backslash before it, so this is no text that somebody wrote.
  return json.find(R"("source":{)") != json.npos;
}

bool is_shown(const live_topic& topic, const messages::event& what) noexcept {
  if (!topic.workout_id.is_nil() && topic.workout_id != what.workout_id)
    return false;
  if (topic.athlete_id.is_nil())
    return true;
  switch (what.name) {
    case messages::event_name::workout_started:
    case messages::event_name::workout_updated:
    case messages::event_name::workout_finished:
    case messages::event_name::workout_deleted:
    case messages::event_name::workout_restored:
    case messages::event_name::set_logged:
    case messages::event_name::set_updated:
    case messages::event_name::set_deleted:
    case messages::event_name::record_achieved:
    case messages::event_name::timer_started:
    case messages::event_name::timer_ended:
      return !is_from_elsewhere(what.data.view());
    default:
      return false;
  }
}

messages::event as_shown(const live_topic& topic, const messages::event& what) {
  auto out = what;
  if (!topic.athlete_id.is_nil() && !topic.notes)
    out.data = messages::shared_text{domain::without_values_of(what.data.view(), "notes")};
  return out;
}

void append_event(std::string& out, live_wire wire, std::string_view json,
                  const messages::position* at) {
  if (wire == live_wire::websocket) {
    websocket::append_frame(out, websocket::opcode::text, json);
    return;
  }
  if (at) {
    out += "id: ";
    out += std::to_string(at->epoch);
    out += '-';
    out += std::to_string(at->seq);
    out += '\n';
  }
  ((out += "data: ") += json) += "\n\n";
}

void append_event(std::string& out, live_wire wire, const messages::event& what,
                  const std::string& topic) {
  thread_local std::string text;
  text.clear();
  domain::json_writer json{text};
  messages::write(json, what, topic);
  append_event(out, wire, text, &what.at_position);
}

std::string subscribed_text(std::optional<std::int64_t> id, const live_topic& topic,
                            const messages::subscribed& answer) {
  std::string out;
  domain::json_writer json{out};
  json.begin_object();
  json.member_if("id", id);
  json.member("type", "subscribed").member("topic", std::string_view{to_string(topic)});
  json.key("position");
  messages::write(json, answer.at);
  json.member("recovered", answer.recovered);
  if (!answer.recovered && !answer.snapshot.empty())
    json.key("snapshot").raw(answer.snapshot.view());
  json.end_object();
  return out;
}

std::optional<messages::position> parse_event_id(std::string_view text) noexcept {
  const auto dash = text.find('-');
  if (dash == text.npos)
    return std::nullopt;
  const auto number = [](std::string_view part) -> std::optional<std::int64_t> {
    std::int64_t n = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), n);
    if (error != std::errc{} || end != part.data() + part.size() || n < 0)
      return std::nullopt;
    return n;
  };
  const auto epoch = number(text.substr(0, dash));
  const auto seq = number(text.substr(dash + 1));
  if (!epoch || !seq)
    return std::nullopt;
  return messages::position{*epoch, *seq};
}

} // namespace spotter::gateway
