#include "actors/accounts/refusals.hpp"

#include <utility>

namespace spotter::actors::accounts {

using messages::failure_code;

messages::failure make_failure(failure_code code, std::string detail, std::int32_t retry_after_ms) {
  return {code, std::move(detail), {}, retry_after_ms};
}

messages::failure wrong_field(std::string pointer, std::string code, std::string detail) {
  messages::failure out = make_failure(failure_code::invalid_content, detail);
  out.errors.push_back({std::move(pointer), std::move(code), std::move(detail)});
  return out;
}

messages::failure wrong_token() {
  return wrong_field("/token", "invalid_token",
                     "The token is wrong, was used or has expired. Ask for another mail.");
}

messages::failure reauthenticate() {
  return make_failure(
    failure_code::reauthentication_required,
    "Prove who you are with POST /v1/me/reauth first, then repeat this within ten "
    "minutes.");
}

messages::failure away() {
  return make_failure(failure_code::unavailable,
                      "Accounts cannot be reached at the moment; nothing was changed. Try again "
                      "shortly.",
                      1'000);
}

messages::failure in_doubt() {
  return make_failure(failure_code::outcome_unknown,
                      "The change may have been made or not. Look, then try again.", 1'000);
}

messages::failure busy() {
  return make_failure(failure_code::overloaded, "Too much is under way. Try again shortly.", 1'000);
}

messages::failure not_found() {
  return make_failure(failure_code::not_found, "There is nothing of this id.");
}

} // namespace spotter::actors::accounts
