#include "actors/factors/factor_failures.hpp"

namespace spotter::actors::factors {

using messages::failure;
using messages::failure_code;

failure busy() {
  return {failure_code::overloaded, "Too much is going on. Try again in a moment.", {}, 1'000};
}

failure unreachable() {
  return {
    failure_code::unavailable, "Accounts can't be reached at the moment. Try again.", {}, 1'000};
}

failure proof_needed() {
  return {failure_code::reauthentication_required,
          "Prove who you are first: POST /v1/me/reauth, then try again within ten minutes.",
          {},
          0};
}

failure wrong_proof() {
  return {failure_code::invalid_credentials, "The password or the code is wrong.", {}, 0};
}

failure wrong_code() {
  failure why{failure_code::invalid_content, "The code is wrong, or was used before.", {}, 0};
  why.errors.push_back({"/code", "wrong_code", why.detail});
  return why;
}

failure challenge_over() {
  return {failure_code::invalid_token, "This sign-in is over. Begin again.", {}, 0};
}

failure wait_first(std::int32_t ms) {
  return {failure_code::too_many_requests, "Too many wrong codes. Wait before the next.", {}, ms};
}

} // namespace spotter::actors::factors
