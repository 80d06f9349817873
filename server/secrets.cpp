#include "server/secrets.hpp"

#include "config/secret.hpp"
#include "outbound/secret_manager.hpp"

#include <sodium.h>

#include <filesystem>
#include <stdexcept>

namespace spotter::server {

namespace {

using actors::sealing::key_bytes;

constexpr std::string_view file_scheme = "file:";

/// A key by its setting: a file, which may be made where the setting names none, or a reference.
key_bytes read_key(const config::settings& settings, const char* setting, const std::string& named,
                   const char* default_file, missing_file how, const char* new_one) {
  namespace sealing = actors::sealing;
  if (named.starts_with(file_scheme))
    return sealing::read_key_file(named.substr(file_scheme.size()));
  if (config::is_secret_reference(named) && !named.empty()) {
    auto content = read_secret(settings, setting, named);
    const auto key = sealing::parse_key(content);
    sodium_memzero(content.data(), content.size());
    if (!key)
      throw std::runtime_error(std::string{setting}
                               + ": the secret is no key: 32 bytes, as they are, in hexadecimal "
                                 "or in base64");
    return *key;
  }
  const auto path = named.empty() ? settings.data / default_file : std::filesystem::path{named};
  return how == missing_file::make ? sealing::read_or_create_key_file(path, new_one)
                                   : sealing::read_key_file(path);
}

} // namespace

std::string read_secret(const config::settings& settings, const char* setting,
                        const std::string& reference) {
  config::secret_sources sources;
  sources.env = config::process_environment;
  sources.google =
    [&settings](const std::string& name) -> domain::expected<std::string, config::config_errors> {
    outbound::secret_manager_settings how;
    how.endpoint = settings.secrets.google_endpoint;
    // As Google's own clients do.
    if (const auto host = config::process_environment("GCE_METADATA_HOST"); host && !host->empty())
      how.metadata_host = *host;
    auto secret = outbound::read_managed_secret(how, name);
    if (!secret)
      return config::config_errors{secret.error().why};
    return std::move(*secret);
  };
  auto secret = config::read_secret(reference, sources);
  if (!secret)
    throw std::runtime_error(std::string{setting} + ": " + secret.error().front());
  return std::move(*secret);
}

key_bytes read_token_seed(const config::settings& settings, missing_file how) {
  return read_key(settings, "identity.signing_key", settings.identity.signing_key, "signing.key",
                  how, "ends every login");
}

actors::sealing::sealer read_sealer(const config::settings& settings, missing_file how) {
  std::vector<actors::sealing::sealing_key> keys;
  auto bytes =
    read_key(settings, "identity.sealing_key", settings.identity.sealing_key, "sealing.key", how,
             "can open nothing that was sealed before: no second factor works any more");
  keys.emplace_back(bytes);
  for (const auto& older : settings.identity.older_sealing_keys) {
    bytes = read_key(settings, "identity.older_sealing_keys", older, "", missing_file::fail, "");
    keys.emplace_back(bytes);
  }
  sodium_memzero(bytes.data(), bytes.size());
  return actors::sealing::sealer{std::move(keys)};
}

} // namespace spotter::server
