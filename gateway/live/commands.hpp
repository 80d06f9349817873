#pragma once

#include "gateway/bridge/bridge.hpp"
#include "gateway/limits/limit_kind.hpp"
#include "gateway/live/connection.hpp"
#include "gateway/problem.hpp"

#include <string>

namespace spotter::gateway {

class worker;

/// An `error` message. `trace_id` is that of the command, or of the request that opened the socket.
[[nodiscard]] std::string error_text(std::optional<std::int64_t> id, const problem_kind& kind,
                                     std::string_view detail, std::string_view trace_id,
                                     const std::vector<messages::field_error>& errors,
                                     std::int32_t retry_after_ms);

/// What a client's messages make a connection do (`authentication.cpp`, `commands.cpp`).
class live_commands {
public:
  live_commands(live_hub& hub, live_connection& from) : hub_(hub), from_(from) {}

  /// Handles one message; the answer is queued, now or later.
  void take(std::string& text);

private:
  class command_op;
  class auth_op;
  /// Has the io thread learn from an answer what `token` needs; why it could not.
  using lesson = std::optional<messages::failure> (*)(worker& at, const std::string& token,
                                                      ask_result answer);

  void authenticate(const live_message& message);
  void ask_for_key(const live_message& message);
  static awaitable<void> learn_key(live_hub& hub, live_connection::pointer to,
                                   live_message message);
  void look_for_keys(const live_message& message);
  /// Asks first; the message is taken up again when the answer was learned from.
  void authenticate_after(const caf::strong_actor_ptr& whom, caf::message question, lesson learn,
                          const live_message& message);
  void run(const live_message& message);
  /// Takes one of the account's reads or writes; where none is left, it is refused.
  [[nodiscard]] bool may(limit_kind kind, std::optional<std::int64_t> id);
  void refuse(std::optional<std::int64_t> id, const messages::failure& why);
  void refuse(std::optional<std::int64_t> id, const messages::failure& why,
              std::string_view trace_id);
  void refuse(std::optional<std::int64_t> id, const body_error& why);

  live_hub& hub_;
  live_connection& from_;
};

} // namespace spotter::gateway
