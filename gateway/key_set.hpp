#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace spotter::gateway {

/// A public key that verifies access tokens (Ed25519), by the `kid` of their header.
struct verification_key {
  std::string kid;
  std::array<std::uint8_t, 32> key{};
};

/// The key set as RFC 7517 JSON.
[[nodiscard]] std::string to_jwks(const std::vector<verification_key>& keys);

/// The keys whose tokens are good at present: replaced whole while the gateway runs. Safe to use from
/// any thread.
class key_set {
public:
  struct content {
    std::vector<verification_key> keys;
    std::string jwks;
  };

  /// `max_age` is how long others may keep what they read of it.
  explicit key_set(std::chrono::seconds max_age = std::chrono::seconds{300}) : max_age_(max_age) {
    replace({});
  }

  void replace(std::vector<verification_key> keys) {
    auto jwks = to_jwks(keys);
    content_.store(std::make_shared<const content>(content{std::move(keys), std::move(jwks)}));
    ++version_;
  }

  [[nodiscard]] std::shared_ptr<const content> get() const { return content_.load(); }

  /// Differs whenever the content does; cheap to ask.
  [[nodiscard]] std::uint64_t version() const noexcept { return version_; }

  [[nodiscard]] std::chrono::seconds max_age() const noexcept { return max_age_; }

private:
  std::chrono::seconds max_age_;
  std::atomic<std::shared_ptr<const content>> content_;
  std::atomic<std::uint64_t> version_{0};
};

} // namespace spotter::gateway
