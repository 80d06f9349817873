#pragma once

#include "actors/identity/signing_key.hpp"

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

// Which keys sign and verify access tokens, and when. A key's life is written down when it is made, as
// times of the database's clock, so that no two nodes have to agree on anything at the moment when
// one takes over from the other:
//
//   made ── next: published, verifies ── current: signs, too ── retired: verifies ── gone

namespace spotter::actors::identity {

/// A moment on this process's steady clock.
using moment = std::chrono::steady_clock::time_point;

/// A key and its times.
struct ring_key {
  signing_key key;
  moment signs_from;
  std::optional<moment> gone; // nothing: nothing follows it yet
};

/// The keys that are known, and what each is for at a given moment. Does not change.
class key_ring {
public:
  explicit key_ring(std::vector<ring_key> keys);

  /// The key that signs: of those whose time has come the last. Nullptr where there is none.
  [[nodiscard]] const signing_key* current(moment now) const noexcept;

  /// Since when it has been signing.
  [[nodiscard]] std::optional<moment> current_since(moment now) const noexcept;

  /// Whether a key waits for its time.
  [[nodiscard]] bool has_next(moment now) const noexcept;

  /// Those whose tokens are good: all but the ones that are gone.
  [[nodiscard]] std::vector<const signing_key*> valid(moment now) const;

private:
  std::vector<ring_key> keys_; // by signs_from
};

/// The ring that a node uses, replaced whole. Safe to use from several threads.
class signing_keys {
public:
  void replace(std::shared_ptr<const key_ring> ring) { ring_.store(std::move(ring)); }
  [[nodiscard]] std::shared_ptr<const key_ring> get() const { return ring_.load(); }

private:
  std::atomic<std::shared_ptr<const key_ring>> ring_;
};

} // namespace spotter::actors::identity
