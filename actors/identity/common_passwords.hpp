#pragma once

#include <string>
#include <string_view>

namespace spotter::actors::identity {

/// A password as it is looked up: lower case, with the usual digits and signs for letters read as
/// letters, and without everything else; what was put before or behind (years, digits, signs) left
/// off.
[[nodiscard]] std::string folded_password(std::string_view password);

/// True where the password, but for such changes, is in the list that is built in
/// (common/common_passwords.txt). The list is our own and small, a few hundred phrases and keyboard
/// walks; each stands for the thousands of variants that fold to it.
[[nodiscard]] bool is_common_password(std::string_view password);

} // namespace spotter::actors::identity
