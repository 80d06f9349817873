#include "gateway/live/event_text.hpp"

#include "actors/messages/resource_json.hpp"

#include <charconv>

namespace spotter::gateway {

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
