#pragma once

#include "actors/messages/account.hpp"
#include "actors/messages/factor.hpp"
#include "actors/messages/identity.hpp"
#include "actors/messages/recommend.hpp"
#include "domain/expected.hpp"
#include "gateway/json/padded_text.hpp"

#include <string>
#include <string_view>
#include <vector>

// The bodies of requests, and the `data` of commands, as messages.

namespace spotter::gateway {

/// Why a body was not accepted.
struct body_error {
  std::string malformed; // not JSON, and why; otherwise empty
  std::vector<messages::field_error> errors;
};

template <class T>
using parsed = domain::expected<T, body_error>;

/// Where a body stands: pointers in errors begin with `prefix` ("" for a request's body, "/data" for
/// a command's), and a command's data names the resources that a path names in REST.
struct body_context {
  std::string_view prefix;
  bool command = false;
};

[[nodiscard]] parsed<messages::register_account> parse_register(padded_text text);
[[nodiscard]] parsed<messages::log_in> parse_log_in(padded_text text);
[[nodiscard]] parsed<messages::refresh_login> parse_refresh(padded_text text);
[[nodiscard]] parsed<messages::update_profile> parse_update_profile(padded_text text);

[[nodiscard]] parsed<messages::finish_log_in> parse_finish_log_in(padded_text text);
[[nodiscard]] parsed<messages::confirm_totp> parse_confirm_totp(padded_text text);
/// Exactly one of password and code.
[[nodiscard]] parsed<messages::reauthenticate> parse_reauthenticate(padded_text text);
[[nodiscard]] parsed<messages::create_api_key> parse_create_api_key(padded_text text);
[[nodiscard]] parsed<messages::offer_share> parse_offer_share(padded_text text);
/// `share_id` is left to the caller.
[[nodiscard]] parsed<messages::update_share> parse_update_share(padded_text text);

/// `purpose` is left to the caller.
[[nodiscard]] parsed<messages::ask_for_mail> parse_ask_for_mail(padded_text text);
[[nodiscard]] parsed<messages::verify_address> parse_verify_address(padded_text text);
[[nodiscard]] parsed<messages::recover_password> parse_recover_password(padded_text text);
/// In these, the ids of user and login are left to the caller.
[[nodiscard]] parsed<messages::change_password> parse_change_password(padded_text text);
[[nodiscard]] parsed<messages::change_address> parse_change_address(padded_text text);

[[nodiscard]] parsed<messages::create_exercise> parse_create_exercise(padded_text text);
/// `exercise_id` is left to the caller.
[[nodiscard]] parsed<messages::update_exercise> parse_update_exercise(padded_text text);

[[nodiscard]] parsed<messages::start_workout> parse_start_workout(padded_text text,
                                                                  body_context where = {});
/// In these, outside of commands the ids of workout and set are left to the caller.
[[nodiscard]] parsed<messages::update_workout> parse_update_workout(padded_text text,
                                                                    body_context where = {});
[[nodiscard]] parsed<messages::finish_workout> parse_finish_workout(padded_text text,
                                                                    body_context where = {});
[[nodiscard]] parsed<messages::delete_workout> parse_delete_workout(padded_text text,
                                                                    body_context where);
[[nodiscard]] parsed<messages::restore_workout> parse_restore_workout(padded_text text,
                                                                      body_context where);
[[nodiscard]] parsed<messages::revert_workout> parse_revert_workout(padded_text text,
                                                                    body_context where = {});
[[nodiscard]] parsed<messages::log_set> parse_log_set(padded_text text, body_context where = {});
[[nodiscard]] parsed<messages::update_set> parse_update_set(padded_text text,
                                                            body_context where = {});
[[nodiscard]] parsed<messages::delete_set> parse_delete_set(padded_text text, body_context where);

/// `user_id` and `trace_id` are left to the caller.
[[nodiscard]] parsed<messages::recommend> parse_recommend(padded_text text);
/// `recommendation_id` is left to the caller.
[[nodiscard]] parsed<messages::record_outcome> parse_outcome(padded_text text);

} // namespace spotter::gateway
