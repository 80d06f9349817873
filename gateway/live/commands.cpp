#include "gateway/live/commands.hpp"

#include "actors/messages/resource_json.hpp"
#include "gateway/fingerprint.hpp"
#include "gateway/live/hub.hpp"
#include "gateway/problem.hpp"
#include "gateway/worker.hpp"

#include <array>

namespace spotter::gateway {

namespace {

constexpr std::uint8_t most_bad_messages = 16;
constexpr body_context command_data{"/data", true};

using parse_result = domain::expected<messages::command_body, body_error>;

template <auto Parse>
parse_result parse_as(padded_text data) {
  auto body = Parse(data, command_data);
  if (!body)
    return body.error();
  return messages::command_body{std::move(*body)};
}

struct live_command {
  std::string_view name;
  parse_result (*parse)(padded_text data);
};

constexpr std::array<live_command, 9> commands{{
  {"set.log", parse_as<parse_log_set>},
  {"set.update", parse_as<parse_update_set>},
  {"set.delete", parse_as<parse_delete_set>},
  {"workout.start", parse_as<parse_start_workout>},
  {"workout.update", parse_as<parse_update_workout>},
  {"workout.finish", parse_as<parse_finish_workout>},
  {"workout.delete", parse_as<parse_delete_workout>},
  {"workout.restore", parse_as<parse_restore_workout>},
  {"workout.revert", parse_as<parse_revert_workout>},
}};

/// Where a command makes a resource, the command's id becomes the resource's, unless it has one: the
/// id alone then makes it happen once. True when that is so.
bool is_once_by_id(messages::command_body& body, const domain::uuid& command_id) {
  if (auto* set = std::get_if<messages::log_set>(&body)) {
    if (!set->entry.set_id)
      set->entry.set_id = command_id;
    return true;
  }
  if (auto* workout = std::get_if<messages::start_workout>(&body)) {
    if (!workout->workout_id)
      workout->workout_id = command_id;
    return true;
  }
  return false;
}

std::string ack_text(std::optional<std::int64_t> id, const messages::outcome& outcome) {
  std::string out;
  out.reserve(128 + outcome.body.view().size());
  domain::json_writer json{out};
  json.begin_object();
  json.member_if("id", id);
  json.member("type", "ack").key("position");
  messages::write(json, outcome.at);
  if (outcome.replayed)
    json.member("replayed", true);
  if (!outcome.body.empty())
    json.key("data").raw(outcome.body.view());
  json.end_object();
  return out;
}

} // namespace

std::string error_text(std::optional<std::int64_t> id, const problem_kind& kind,
                       std::string_view detail, std::string_view trace_id,
                       const std::vector<messages::field_error>& errors,
                       std::int32_t retry_after_ms) {
  std::string problem;
  write_problem(problem, kind, detail, trace_id, errors, retry_after_ms);
  std::string out;
  domain::json_writer json{out};
  json.begin_object();
  json.member_if("id", id);
  json.member("type", "error").key("problem").raw(problem).end_object();
  return out;
}

/// Brings a session's answer back to the socket that sent the command.
class live_commands::command_op final : public ask_op {
public:
  command_op(live_hub& hub, live_connection::pointer to, std::optional<std::int64_t> id,
             std::string trace_id)
    : hub_(hub), to_(std::move(to)), id_(id), trace_id_(std::move(trace_id)) {}

  void done(std::unique_ptr<ask_op>, ask_result result) override {
    --to_->in_flight;
    const std::chrono::duration<double> took = steady::now() - began_;
    auto& metrics = hub_.at().common().metrics;
    metrics.live_commands->inc();
    metrics.live_command_seconds->observe(took.count());
    auto reply =
      decode<messages::command_reply>(std::move(result), messages::failure_code::outcome_unknown);
    live_commands answers{hub_, *to_};
    if (!reply)
      answers.refuse(id_, reply.error(), trace_id_);
    else if (const auto* why = std::get_if<messages::failure>(&reply->result))
      answers.refuse(id_, *why, trace_id_);
    else
      to_->send_message(ack_text(id_, std::get<messages::outcome>(reply->result)));
  }

private:
  live_hub& hub_;
  live_connection::pointer to_;
  std::optional<std::int64_t> id_;
  std::string trace_id_;
  steady::time_point began_ = steady::now();
};

void live_commands::take(std::string& text) {
  auto parsed_message = parse_live_message(padded_text{text});
  if (!parsed_message) {
    const auto& error = parsed_message.error();
    refuse(error.id, error.what);
    if (++from_.bad_messages_ >= most_bad_messages)
      hub_.doom(from_, close_code::bad_message);
    return;
  }
  const auto& message = *parsed_message;
  if (message.type == live_message_type::auth) {
    authenticate(message);
    return;
  }
  if (message.type == live_message_type::ping) {
    std::string pong = R"({"type":"pong"})";
    if (message.id)
      pong = R"({"id":)" + std::to_string(*message.id) + R"(,"type":"pong"})";
    from_.send_message(pong);
    return;
  }
  if (!from_.authenticated()) {
    from_.send_message(error_text(message.id, kind_of(http_problem::unauthenticated),
                                  "Send a message of type auth first.", from_.device().trace_id, {},
                                  0));
    return;
  }
  switch (message.type) {
    case live_message_type::subscribe:
      hub_.ask_now(); // what was sent before it
      if (may(limit_kind::read, message.id))
        hub_.subscribe(from_, message.id, message.topic, message.since);
      break;
    case live_message_type::unsubscribe: {
      hub_.unsubscribe(from_, message.topic);
      std::string ack;
      domain::json_writer json{ack};
      json.begin_object();
      json.member_if("id", message.id);
      json.member("type", "ack").end_object();
      from_.send_message(ack);
      break;
    }
    default:
      run(message);
      break;
  }
}

void live_commands::run(const live_message& message) {
  const live_command* known = nullptr;
  for (const auto& c : commands)
    if (c.name == message.command)
      known = &c;
  if (!known) {
    body_error error;
    error.errors.push_back({"/command", "invalid_value", "There is no such command."});
    refuse(message.id, error);
    return;
  }
  if (!has(from_.who_.scopes, scope::write)) {
    refuse(message.id,
           messages::failure{
             messages::failure_code::forbidden, "This needs a key with the scope `write`.", {}, 0});
    return;
  }
  if (from_.in_flight >= hub_.at().common().config.limits.commands_in_flight) {
    refuse(message.id, messages::failure{messages::failure_code::overloaded,
                                         "Too many commands of this socket are running.",
                                         {},
                                         100});
    return;
  }
  if (!may(limit_kind::write, message.id))
    return;
  auto body = known->parse(padded_text::within(message.data));
  if (!body) {
    refuse(message.id, body.error());
    return;
  }
  messages::command command;
  command.user_id = from_.who_.user_id;
  command.body = std::move(*body);
  if (!is_once_by_id(command.body, message.command_id))
    command.once = messages::idempotency{domain::to_string(message.command_id),
                                         fingerprint({message.command, message.data})};
  command.trace_id = hub_.at().make_trace_id();
  ++from_.in_flight;
  const auto user = command.user_id;
  auto op = std::make_unique<command_op>(hub_, live_connection::pointer{&from_}, message.id,
                                         command.trace_id);
  hub_.ask_later(user, caf::make_message(std::move(command)), std::move(op));
}

bool live_commands::may(limit_kind kind, std::optional<std::int64_t> id) {
  const auto how = hub_.at().limits().take(kind, from_.who_.user_id, steady::now());
  if (!how.granted)
    refuse(id, how.refusal(kind));
  return how.granted;
}

void live_commands::refuse(std::optional<std::int64_t> id, const messages::failure& why) {
  refuse(id, why, from_.device().trace_id);
}

void live_commands::refuse(std::optional<std::int64_t> id, const messages::failure& why,
                           std::string_view trace_id) {
  from_.send_message(
    error_text(id, kind_of(why.code), why.detail, trace_id, why.errors, why.retry_after_ms));
}

void live_commands::refuse(std::optional<std::int64_t> id, const body_error& why) {
  const auto& trace_id = from_.device().trace_id;
  if (!why.malformed.empty())
    from_.send_message(
      error_text(id, kind_of(http_problem::malformed_json), why.malformed, trace_id, {}, 0));
  else
    from_.send_message(error_text(id, kind_of(messages::failure_code::invalid_content),
                                  "The content is not valid; see errors.", trace_id, why.errors,
                                  0));
}

} // namespace spotter::gateway
