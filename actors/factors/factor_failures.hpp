#pragma once

#include "actors/messages/failure.hpp"

// What the factors actor says when something can't be done.

namespace spotter::actors::factors {

[[nodiscard]] messages::failure busy();
[[nodiscard]] messages::failure unreachable();
/// The window for sensitive changes is not open.
[[nodiscard]] messages::failure proof_needed();
/// A code or password that signs nobody in.
[[nodiscard]] messages::failure wrong_proof();
/// A code within a signed-in user's form.
[[nodiscard]] messages::failure wrong_code();
/// A challenge that is over.
[[nodiscard]] messages::failure challenge_over();
[[nodiscard]] messages::failure wait_first(std::int32_t ms);

} // namespace spotter::actors::factors
