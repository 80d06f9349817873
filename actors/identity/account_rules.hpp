#pragma once

#include "actors/messages/identity.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace spotter::actors::identity {

/// An address as accounts are found by it: outer spaces cut off, ASCII letters in lower case.
[[nodiscard]] std::string normal_email(std::string_view email);

/// True for what can be an e-mail address: one `@`, a local part of at most 64 bytes, a domain with
/// a dot, at most 254 bytes in all, nothing that needs quoting. Whether it exists only a letter tells.
[[nodiscard]] bool is_email(std::string_view email) noexcept;

/// True where a password can be one of ours: 8 to 256 code points, whichever they are.
[[nodiscard]] bool is_password_length(std::string_view password) noexcept;

/// All that is wrong with a registration; empty when nothing is.
[[nodiscard]] std::vector<messages::field_error> check_account(
  const messages::register_account& request);

/// A device's self-description as it is stored: printable ASCII, at most 256 bytes each.
[[nodiscard]] messages::device_info stored_device(const messages::device_info& device);

} // namespace spotter::actors::identity
