#pragma once

#include "gateway/http/response.hpp"
#include "gateway/net.hpp"

namespace spotter::gateway {

/// When an answer is given that is ready `now` and was asked for when something `began`: on the next
/// full step of 50 ms.
[[nodiscard]] steady::time_point next_step(steady::time_point began, steady::time_point now);

/// Gives an answer whose time must not tell what was done for it: on the next full step after it was
/// asked for. What one account costs more than another is lost in the step, as long as a step
/// holds both. Answers of status `at_once` do not wait.
[[nodiscard]] awaitable<response> in_step(awaitable<response> what, int at_once = 0);

} // namespace spotter::gateway
