#pragma once

#include "actors/messages/factor.hpp"

#include <string_view>

namespace spotter::persistence {

/// The one table from what the functions of factors, keys and shares say to what clients are told.
/// `what` is a noun, for "there is no such …".
[[nodiscard]] messages::factor_stored judge(std::string_view outcome, std::string_view what);

} // namespace spotter::persistence
