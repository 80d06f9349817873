#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace spotter::actors::identity {

/// Two keys derived from one seed of 32 bytes: one signs access tokens, one seals refresh tokens and
/// whatever else only this server may make. Whoever has the seed can do so, too.
class signing_key {
public:
  using seed_bytes = std::array<std::uint8_t, 32>;

  explicit signing_key(const seed_bytes& seed);

  /// The Ed25519 public key, by which anybody can check access tokens.
  [[nodiscard]] const std::array<std::uint8_t, 32>& public_key() const noexcept { return public_; }

  /// Names the public key: the first 16 hexadecimal digits of its BLAKE2b-256.
  [[nodiscard]] const std::string& key_id() const noexcept { return key_id_; }

  /// The Ed25519 signature of `text`, 64 bytes.
  [[nodiscard]] std::string sign(std::string_view text) const;

  /// BLAKE2b-256 of `text` under the second key, which never leaves this object: 32 bytes.
  [[nodiscard]] std::string authenticate(std::string_view text) const;

private:
  struct secrets {
    std::array<std::uint8_t, 64> signing;
    std::array<std::uint8_t, 32> mac;
  };

  std::array<std::uint8_t, 32> public_{};
  std::shared_ptr<const secrets> secrets_; // copies share the one place
  std::string key_id_;
};

/// Reads the seed from a file, or makes the file with a random one (mode 0600, durable before this
/// returns; of several processes that start at once one makes it, the others read it). Throws
/// std::runtime_error with what to do when the file is not usable.
[[nodiscard]] signing_key load_or_create_key(const std::filesystem::path& path);

} // namespace spotter::actors::identity
