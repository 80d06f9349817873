#pragma once

#include "actors/messages/read.hpp"
#include "gateway/json/bodies.hpp"
#include "gateway/router.hpp"
#include "gateway/worker.hpp"

#include <caf/actor_cast.hpp>

#include <initializer_list>

// What routes have in common: from a parsed request to an actor and back to an answer.
//
// Most routes are plain functions that return the awaitable of one of these: a frame less. Where one
// awaits, what it passes on are variables: g++ 12 copies the bytes of a temporary aggregate in an
// awaiting expression.

namespace spotter::gateway {

/// An answer that is there already.
[[nodiscard]] awaitable<response> answer(response what);

/// The version that If-Match asks for: nothing when it asks for none, -1 for one that can't be.
[[nodiscard]] std::optional<std::int64_t> if_match(const call& c);

/// What an Idempotency-Key asks for: nothing without one. The failure says that it is none.
[[nodiscard]] domain::expected<std::optional<messages::idempotency>, messages::failure> once(
  const call& c);

/// For what is made once by its id: gives `id` what follows from the user and the Idempotency-Key,
/// unless the body brought one. True when it did so; the failure says that the key is none.
[[nodiscard]] domain::expected<bool, messages::failure> name_by_key(
  const call& c, std::optional<domain::uuid>& id);

/// The body, ready for the JSON parser.
[[nodiscard]] inline padded_text body_of(call& c) {
  return padded_text{c.req.body};
}

/// The answer for a body that was not accepted.
[[nodiscard]] response to_response(const body_error& why, std::string_view trace_id);

/// Where a request comes from.
[[nodiscard]] messages::device_info device_of(const call& c);

/// 404.
[[nodiscard]] response not_found(const call& c);

/// The id in the path; nullopt must be answered with `not_found`.
[[nodiscard]] std::optional<domain::uuid> id_in(const call& c, std::size_t arg = 0);

/// The refusal of a caller who is no administrator, or who did not sign in with a second factor where
/// administrators need one; nothing for everybody else.
[[nodiscard]] std::optional<response> refused_to_non_admin(const call& c);

/// Runs `route` for administrators, and refuses everybody else.
template <route_handler route>
awaitable<response> for_admins(call& c) {
  if (auto refusal = refused_to_non_admin(c))
    return answer(std::move(*refusal));
  return route(c);
}

/// How the answer to a command looks.
struct command_answer {
  int status = 0;       // instead of 200 or 201
  bool has_body = true; // otherwise 204
};

/// Sends a command of the caller to its session, with what the headers ask for: Idempotency-Key,
/// If-Match.
[[nodiscard]] awaitable<response> run_command(call& c, messages::command_body body,
                                              command_answer looks = {});

/// The answer to a command that some actor has carried out.
[[nodiscard]] response to_response(const messages::command_reply& reply, std::string_view trace_id,
                                   command_answer looks = {});

/// Sends what a signed-in user asks about factors, keys and shares: `status` with the resource, or
/// 204 where there is nothing to say. Where the resource is `named_by_key`, an id that stands for
/// something else is a key that does.
[[nodiscard]] awaitable<response> ask_factors(call& c, messages::factor_action action,
                                              int status = 200, bool named_by_key = false);

/// Reads through the session, which caches workouts and pages of them.
[[nodiscard]] awaitable<response> read_through_session(call& c, messages::query what);

/// Reads through the readers.
[[nodiscard]] awaitable<response> read(call& c, messages::query what);

/// Reads what another user shares with the caller: 404 where nothing is shared. Notes are null
/// without the scope for them.
[[nodiscard]] awaitable<response> read_shared(call& c, domain::uuid athlete, messages::query what);

/// Asks an actor; a handle that is empty counts as not available.
template <class Reply, class Handle, class Message>
awaitable<domain::expected<Reply, messages::failure>> ask(call& c, const Handle& to,
                                                          Message content,
                                                          std::chrono::milliseconds timeout,
                                                          messages::failure_code lost) {
  if (!to)
    co_return messages::failure{
      messages::failure_code::unavailable, "This part is not running.", {}, 5'000};
  auto who = caf::actor_cast<caf::strong_actor_ptr>(to);
  auto message = caf::make_message(std::move(content));
  auto waiting = c.at.actors().ask(std::move(who), std::move(message), timeout);
  auto result = co_await std::move(waiting);
  co_return decode<Reply>(std::move(result), lost);
}

/// Has the node look for new keys of access tokens, after one was refused that names a key which is
/// not known. The failure says why it could not.
[[nodiscard]] awaitable<std::optional<messages::failure>> look_for_keys(call& c);

/// Reads the query string: collects what is wrong with it.
class query_reader {
public:
  /// Parameters that are not in `known` are errors.
  query_reader(const call& c, std::initializer_list<std::string_view> known);

  /// `limit` and `cursor`.
  [[nodiscard]] messages::page_window window();
  [[nodiscard]] std::string text(std::string_view name, std::size_t most);
  [[nodiscard]] std::int64_t integer(std::string_view name, std::int64_t otherwise,
                                     std::int64_t least, std::int64_t most);
  [[nodiscard]] std::optional<domain::instant> time(std::string_view name);
  /// An id, nil when absent.
  [[nodiscard]] domain::uuid id(std::string_view name);
  /// One of `words`, or empty when absent.
  [[nodiscard]] std::string word(std::string_view name,
                                 std::initializer_list<std::string_view> words);

  [[nodiscard]] bool clean() const noexcept { return errors_.empty(); }
  [[nodiscard]] response refusal(const call& c) const;

private:
  void error(std::string_view name, std::string_view code, std::string detail);

  std::string_view query_;
  std::vector<messages::field_error> errors_;
};

} // namespace spotter::gateway
