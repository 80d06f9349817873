#pragma once

#include "config/settings.hpp"
#include "domain/expected.hpp"

#include <string>

namespace spotter::config {

/// The secret that a setting refers to: `file:<path>` is the content of a file without line ends at
/// its end, `env:<NAME>` an environment variable; an empty reference is an empty secret. Secrets are
/// never written into the configuration itself, so anything else is an error, which does not repeat
/// what was given.
[[nodiscard]] domain::expected<std::string, config_errors> read_secret(const std::string& reference,
                                                                       const environment& env);

/// True for what `read_secret` can take.
[[nodiscard]] bool is_secret_reference(const std::string& reference) noexcept;

} // namespace spotter::config
