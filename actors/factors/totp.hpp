#pragma once

#include "domain/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// Codes of authenticators, RFC 6238: SHA-1, six digits, a step of 30 seconds.

namespace spotter::actors::factors {

/// A fresh secret: 20 random bytes.
[[nodiscard]] std::string make_totp_secret();

/// The secret as people type it: base32 without padding.
[[nodiscard]] std::string totp_secret_text(std::string_view secret);

/// What authenticators read from a QR code.
[[nodiscard]] std::string totp_uri(std::string_view secret, std::string_view account);

/// The code of a step, for tests and tools.
[[nodiscard]] std::string totp_code(std::string_view secret, std::int64_t step);

/// The step that an instant lies in.
[[nodiscard]] std::int64_t totp_step_of(domain::instant at);

/// The step of a right code: the present one or one beside it, for clocks that differ, and later
/// than `used`. Nullopt for a wrong code and for one that is not six digits. Takes the same time
/// whichever step it is.
[[nodiscard]] std::optional<std::int64_t> matching_step(std::string_view secret,
                                                        std::string_view code, domain::instant now,
                                                        std::int64_t used);

} // namespace spotter::actors::factors
