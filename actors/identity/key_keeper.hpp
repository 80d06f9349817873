#pragma once

#include "actors/identity/key_ring.hpp"
#include "actors/sealing/sealing.hpp"

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace spotter::actors::identity {

/// A signing key as the store has it. Times are milliseconds from the moment when the store was
/// asked, on its own clock; what has happened already is negative.
struct stored_key {
  std::string key_id;
  std::string sealed_seed;
  std::int64_t signs_in_ms = 0;
  std::optional<std::int64_t> gone_in_ms;
};

/// A key to be kept. `lead` passes before it signs (the very first key signs at once), and the one
/// before it verifies for `overlap` after that.
struct new_key {
  std::string key_id;
  std::string sealed_seed;
  std::chrono::milliseconds lead{0};
  std::chrono::milliseconds overlap{0};
  std::chrono::milliseconds least_age{0}; // of the current key; a younger one stays
};

/// What became of a new key.
enum class key_put : std::uint8_t {
  made = 1,
  waiting, // another is waiting for its time already
  young,   // the current one has not reached the age
};

/// How the keeper reaches what is shared by all nodes. Both block, and throw what describes itself.
struct key_store {
  std::function<std::vector<stored_key>()> load;
  std::function<key_put(const new_key&)> put;
};

/// How signing keys come and go.
struct key_settings {
  std::chrono::milliseconds lead{600'000};            // a key is known so long before it signs
  std::chrono::milliseconds access_lifetime{600'000}; // of the tokens
  std::chrono::milliseconds rotation{0};              // 0: nobody but people replaces keys

  /// How often a node looks, so that it knows a key long before its time.
  [[nodiscard]] std::chrono::milliseconds poll() const;

  /// How long a key verifies that no longer signs: its last token's life, and some for clocks.
  [[nodiscard]] std::chrono::milliseconds overlap() const;
};

/// How a seed's sealed text is bound to its key.
[[nodiscard]] std::string seed_context(const std::string& key_id);

/// A fresh key, or `seed`'s, sealed and ready to be kept.
[[nodiscard]] new_key make_new_key(const sealing::sealer& sealer, const key_settings& settings,
                                   const std::optional<signing_key::seed_bytes>& seed = {});

/// Opens what the store has. A key counts only if it opens, and is the one that it is said to be: who
/// can write to the database can still make no key. Throws std::runtime_error where the current key
/// or the next one does not open.
[[nodiscard]] std::shared_ptr<const key_ring> open_ring(const std::vector<stored_key>& rows,
                                                        const sealing::sealer& sealer,
                                                        moment asked_at);

/// Looks after the signing keys of a node.
struct keeper_parts {
  key_settings settings;
  sealing::sealer sealer;
  key_store store;
  std::shared_ptr<signing_keys> keys;                                  // for those who sign
  std::function<void(const std::vector<const signing_key*>&)> publish; // for those who verify
};

/// Spawns the keeper, which has a thread of its own: it looks for changes again and again, replaces
/// keys that have reached their age, and answers
/// - `caf::update_atom`, from whoever has seen a token of an unknown key, after a look that is no
///   older than a few seconds, or with an error where there was none;
/// - `messages::get_health`.
[[nodiscard]] caf::actor spawn_key_keeper(caf::actor_system& system, keeper_parts parts);

/// Takes a look now: fills `parts.keys` and publishes. The first node of all makes the first key, from
/// `first_seed`. Throws what the store throws, and as `open_ring`.
void load_keys(const keeper_parts& parts, const signing_key::seed_bytes& first_seed);

} // namespace spotter::actors::identity
