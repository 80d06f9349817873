#pragma once

#include "config/settings.hpp"
#include "domain/expected.hpp"

#include <functional>
#include <string>

namespace spotter::config {

/// Where secrets come from that are not of this machine: `name` is what follows the scheme in a
/// reference. The error says why, and never what.
using secret_source =
  std::function<domain::expected<std::string, config_errors>(const std::string& name)>;

/// How the secrets of references are reached.
struct secret_sources {
  environment env;
  secret_source google; // Secret Manager; empty: there is none
};

/// The secret that a setting refers to; an empty reference is an empty secret.
///
/// - `file:<path>`: the content of a file without line ends at its end
/// - `env:<NAME>`: an environment variable
/// - `gcp-secret-manager:projects/<project>/secrets/<secret>/versions/<version>`: what Google's Secret
///   Manager has, byte for byte; the version may be `latest`
///
/// Secrets are never written into the configuration itself, so anything else is an error, which does
/// not repeat what was given.
[[nodiscard]] domain::expected<std::string, config_errors> read_secret(
  const std::string& reference, const secret_sources& sources);

/// True for what `read_secret` can take.
[[nodiscard]] bool is_secret_reference(const std::string& reference) noexcept;

} // namespace spotter::config
