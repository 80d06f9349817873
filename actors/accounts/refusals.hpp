#pragma once

#include "actors/messages/failure.hpp"

#include <cstdint>
#include <string>

// What people are told when something about their account is not done.

namespace spotter::actors::accounts {

[[nodiscard]] messages::failure make_failure(messages::failure_code code, std::string detail,
                                             std::int32_t retry_after_ms = 0);

/// One field is wrong; `pointer` says which.
[[nodiscard]] messages::failure wrong_field(std::string pointer, std::string code,
                                            std::string detail);

/// A mailed token does not hold.
[[nodiscard]] messages::failure wrong_token();

/// The change needs a proof of identity first.
[[nodiscard]] messages::failure reauthenticate();

/// The store is away, and nothing was changed.
[[nodiscard]] messages::failure away();

/// The store did not say whether it made a change.
[[nodiscard]] messages::failure in_doubt();

/// Too many requests are in flight.
[[nodiscard]] messages::failure busy();

/// The account has nothing of the id that was asked for.
[[nodiscard]] messages::failure not_found();

} // namespace spotter::actors::accounts
