#include "persistence/factor_outcome.hpp"

#include <string>

namespace spotter::persistence {

namespace {

using messages::failure;
using messages::failure_code;

failure problem_of(std::string_view outcome, std::string_view what) {
  if (outcome == "unknown")
    return {failure_code::not_found, "There is no such " + std::string{what} + ".", {}, 0};
  if (outcome == "reauthenticate")
    return {failure_code::reauthentication_required,
            "Prove who you are first: POST /v1/me/reauth, then try again within ten minutes.",
            {},
            0};
  if (outcome == "wrong")
    return {failure_code::invalid_credentials, "The password or the code is wrong.", {}, 0};
  if (outcome == "conflict")
    return {
      failure_code::conflict, "The state of the " + std::string{what} + " forbids it.", {}, 0};
  if (outcome == "version")
    return {failure_code::version_conflict, "It has changed since; read it and try again.", {}, 0};
  if (outcome == "forbidden")
    return {failure_code::forbidden, "Only the athlete may change it.", {}, 0};
  if (outcome == "id_reused")
    return {failure_code::id_reused, "The id stands for something else already.", {}, 0};
  if (outcome == "too_many")
    return {failure_code::conflict, "There are 50 already: end one first.", {}, 0};
  if (outcome == "self") {
    failure why{failure_code::invalid_content, "This is your own address.", {}, 0};
    why.errors.push_back({"/email", "invalid_value", why.detail});
    return why;
  }
  return {};
}

} // namespace

messages::factor_stored judge(std::string_view outcome, std::string_view what) {
  messages::factor_stored stored;
  if (outcome != "ok" && outcome != "made")
    stored.problem = problem_of(outcome, what);
  return stored;
}

} // namespace spotter::persistence
