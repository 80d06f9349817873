#pragma once

#include "actors/sealing/key_file.hpp"
#include "actors/sealing/sealing.hpp"
#include "config/settings.hpp"

#include <string>

namespace spotter::server {

/// The secret that a setting refers to, wherever it lies. Throws std::runtime_error, naming the
/// setting and what to do.
[[nodiscard]] std::string read_secret(const config::settings& settings, const char* setting,
                                      const std::string& reference);

/// What may be done about a key file that is not there.
enum class missing_file : std::uint8_t {
  make = 1,
  fail,
};

/// The key that seals refresh tokens, and signs access tokens until there is another. Throws
/// std::runtime_error with what to do.
[[nodiscard]] actors::sealing::key_bytes read_token_seed(const config::settings& settings,
                                                         missing_file how);

/// The keys that seal secrets in the database. Throws as above.
[[nodiscard]] actors::sealing::sealer read_sealer(const config::settings& settings,
                                                  missing_file how);

} // namespace spotter::server
