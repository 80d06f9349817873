#include "actors/messages/failure_error.hpp"

#include "actors/messages/all.hpp"

#include <caf/exit_reason.hpp>
#include <caf/message.hpp>
#include <caf/sec.hpp>

namespace spotter::messages {

caf::error to_error(failure why) {
  return caf::error{caf::sec::runtime_error, caf::make_message(std::move(why))};
}

failure to_failure(const caf::error& error) {
  if (error && error.context().match_elements<failure>())
    return error.context().get_as<failure>(0);
  if (error == caf::sec::request_timeout)
    return {failure_code::deadline_exceeded, "the work did not end within its deadline", {}, 0};
  if (error == caf::sec::request_receiver_down || error == caf::sec::broken_promise
      || error.category() == caf::type_id_v<caf::exit_reason>)
    return {failure_code::unavailable, "a part of the server restarted; try again", {}, 1000};
  return {failure_code::internal, to_string(error), {}, 0};
}

} // namespace spotter::messages
