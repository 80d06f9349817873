// Bodies and live messages: whatever the bytes, an answer and no broken rule. The first byte chooses
// the parser.

#include "gateway/json/bodies.hpp"
#include "gateway/json/claims.hpp"
#include "gateway/json/live_message.hpp"
#include "gateway/utf8.hpp"

#include <cstdint>
#include <cstdlib>

using namespace spotter::gateway;

namespace {

void require(bool holds) {
  if (!holds)
    std::abort();
}

/// A refusal says why; what is accepted keeps the rules that the store relies on.
template <class T>
void check(const parsed<T>& result) {
  if (!result)
    require(!result.error().malformed.empty() || !result.error().errors.empty());
}

void check_set(const parsed<spotter::messages::log_set>& result) {
  check(result);
  if (!result)
    return;
  const auto& actual = result->entry.actual;
  require(!result->entry.exercise_id.is_nil());
  require(actual.reps.value_or(0) >= 0 && actual.reps.value_or(0) <= 10'000);
  require(!actual.weight || (actual.weight->grams() >= 0 && actual.weight->grams() <= 2'000'000));
  require(!actual.rpe || (*actual.rpe >= 1 && *actual.rpe <= 10));
}

void check_workout(const parsed<spotter::messages::start_workout>& result) {
  check(result);
  if (result)
    require(is_utf8(result->title) && result->title.find('\0') == std::string::npos);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0)
    return 0;
  std::string text(reinterpret_cast<const char*>(data + 1), size - 1);
  const padded_text padded{text};
  switch (data[0] % 12) {
    case 0:
      check_set(parse_log_set(padded));
      break;
    case 1:
      check_set(parse_log_set(padded, {"/data", true}));
      break;
    case 2:
      check(parse_update_set(padded));
      break;
    case 3:
      check_workout(parse_start_workout(padded));
      break;
    case 4:
      check(parse_update_workout(padded));
      break;
    case 5:
      check(parse_register(padded));
      break;
    case 6:
      check(parse_update_profile(padded));
      break;
    case 7:
      check(parse_create_exercise(padded));
      break;
    case 8:
      check(parse_recommend(padded));
      break;
    case 9:
      check(parse_outcome(padded));
      break;
    case 10:
      (void)parse_token_header(text);
      (void)parse_token_claims(text);
      break;
    default: {
      const auto message = parse_live_message(padded);
      if (message && message->type == live_message_type::command)
        check_set(parse_log_set(padded_text::within(message->data), {"/data", true}));
      break;
    }
  }
  return 0;
}
