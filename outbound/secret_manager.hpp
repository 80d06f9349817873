#pragma once

#include "domain/expected.hpp"
#include "outbound/curl_handle.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace spotter::outbound {

/// Where Google's Secret Manager is, and how patient its users are.
struct secret_manager_settings {
  std::string endpoint = "https://secretmanager.googleapis.com";
  std::string metadata_host = "metadata.google.internal"; // host[:port]; says who this machine is
  std::string authorities;                                // see curl_handle
  patience limits{std::chrono::milliseconds{2'000}, std::chrono::milliseconds{5'000}};
  int tries = 4;                              // of each request
  std::chrono::milliseconds first_pause{250}; // between tries; each next is twice as long
  std::function<void(std::chrono::milliseconds)> pause = {}; // empty: the thread sleeps
};

/// Why there is no secret: what to do, and nothing of the secret or of the token.
struct no_secret {
  std::string why;
};

/// Reads the secret `name`, as projects/<project>/secrets/<secret>/versions/<version>, in the name of
/// this machine's service account. Blocks: a server that is slow, busy or away is asked again, a few
/// times. The content is what was stored, by its checksum.
[[nodiscard]] domain::expected<std::string, no_secret> read_managed_secret(
  const secret_manager_settings& settings, const std::string& name);

/// CRC-32C (Castagnoli) of `bytes`.
[[nodiscard]] std::uint32_t crc32c(std::string_view bytes) noexcept;

} // namespace spotter::outbound
