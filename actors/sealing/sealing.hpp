#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// Secrets that the server must read again (the seeds of authenticators, the keys that sign tokens,
// whatever else is to come) are kept sealed: what is stolen from the database alone is worth nothing.
//
// Each secret is encrypted under a key of its own, and that key under the server's. So the server's
// key can be replaced without touching what is encrypted, and no key encrypts much.
//
//   version (1) | key id (8) | nonce (24) | data key, sealed (48) | nonce (24) | content, sealed (n+16)
//
// Both layers are XChaCha20-Poly1305 and authenticate the context, which says what and whose the
// secret is: a row that is copied to another place does not open there.

namespace spotter::actors::sealing {

/// A key of the server's, 32 random bytes, and its name.
class sealing_key {
public:
  using key_bytes = std::array<std::uint8_t, 32>;

  explicit sealing_key(const key_bytes& bytes);

  [[nodiscard]] const key_bytes& bytes() const noexcept { return *bytes_; }

  /// Names the key without telling anything of it: 8 bytes of its BLAKE2b.
  [[nodiscard]] const std::string& id() const noexcept { return id_; }

private:
  std::shared_ptr<const key_bytes> bytes_; // copies share the one place
  std::string id_;
};

/// Seals with the first of its keys and opens with any of them. Safe to use from several threads.
class sealer {
public:
  /// `keys` must not be empty; the first one seals, the others are those it replaced.
  explicit sealer(std::vector<sealing_key> keys);

  /// Encrypts `secret` for one context, as "totp/<user id>". Twice the same gives two texts.
  [[nodiscard]] std::string seal(std::string_view secret, std::string_view context) const;

  /// The secret, or nullopt where one bit differs, the context is another, or the key is not known.
  [[nodiscard]] std::optional<std::string> open(std::string_view sealed,
                                                std::string_view context) const;

  /// The same content under the first key; nullopt where `sealed` does not open.
  [[nodiscard]] std::optional<std::string> rewrap(std::string_view sealed,
                                                  std::string_view context) const;

  /// The id of the key that sealed it, or nothing for what is no sealed text.
  [[nodiscard]] static std::optional<std::string> key_id_of(std::string_view sealed);

  /// The first key is the one that seals.
  [[nodiscard]] const std::vector<sealing_key>& keys() const noexcept { return keys_; }

private:
  std::vector<sealing_key> keys_;
};

/// A key's id as people read it: 16 hexadecimal digits.
[[nodiscard]] std::string shown_id(std::string_view key_id);

} // namespace spotter::actors::sealing
