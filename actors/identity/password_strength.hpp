#pragma once

#include "actors/messages/failure.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spotter::actors::identity {

/// What a person's own words are for the rules of passwords: the parts of their address and name.
[[nodiscard]] std::vector<std::string> own_words(std::string_view email,
                                                 std::string_view display_name);

/// What is wrong with a new password of the right length: nothing, or an error at `/password` that says
/// what makes it easy to guess. An estimate by zxcvbn of at least 10^8 guesses (its score 3) is asked
/// for, given the person's own words, and that it is no common one (`is_common_password`). Takes well
/// under 50 ms, whatever the password.
[[nodiscard]] std::optional<messages::field_error> judge_password(
  std::string_view password, const std::vector<std::string>& own_words);

} // namespace spotter::actors::identity
