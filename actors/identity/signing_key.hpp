#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace spotter::actors::identity {

/// The keys that all tokens rest on, derived from one seed of 32 bytes. Whoever has the seed can
/// sign in as anybody; a new seed ends every login.
class signing_key {
public:
  using seed_bytes = std::array<std::uint8_t, 32>;

  explicit signing_key(const seed_bytes& seed);
  signing_key(const signing_key&) = default;
  signing_key& operator=(const signing_key&) = default;
  ~signing_key();

  /// The Ed25519 public key, by which anybody can check access tokens.
  [[nodiscard]] const std::array<std::uint8_t, 32>& public_key() const noexcept { return public_; }

  /// Names the public key: the first 16 hexadecimal digits of its BLAKE2b-256.
  [[nodiscard]] const std::string& key_id() const noexcept { return key_id_; }

  /// The Ed25519 signature of `text`, 64 bytes.
  [[nodiscard]] std::string sign(std::string_view text) const;

  /// BLAKE2b-256 of `text` under the second key, which never leaves this object: 32 bytes.
  [[nodiscard]] std::string authenticate(std::string_view text) const;

private:
  std::array<std::uint8_t, 32> public_{};
  std::array<std::uint8_t, 64> secret_{};
  std::array<std::uint8_t, 32> mac_key_{};
  std::string key_id_;
};

/// Reads the seed from a file, or makes the file with a random one (mode 0600, durable before this
/// returns; of several processes that start at once one makes it, the others read it). Throws
/// std::runtime_error with what to do when the file is not usable.
[[nodiscard]] signing_key load_or_create_key(const std::filesystem::path& path);

} // namespace spotter::actors::identity
