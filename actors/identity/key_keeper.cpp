#include "actors/identity/key_keeper.hpp"

#include "actors/messages/health.hpp"

#include "actors/messages/all.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/stateful_actor.hpp>
#include <spdlog/spdlog.h>

#include <sodium.h>

#include <algorithm>
#include <stdexcept>

namespace spotter::actors::identity {

namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

// Whoever sends tokens of keys that nobody has heard of has the database asked this often at most.
constexpr auto fresh_enough = 2s;

// Nodes' clocks may differ by as much; it is what verification allows for.
constexpr milliseconds clock_slack = 120s;

moment after(moment from, std::int64_t ms) {
  return from + milliseconds{ms};
}

/// One key of the store; nothing where it does not open, or is another than it says.
std::optional<signing_key> open_key(const stored_key& row, const sealing::sealer& sealer) {
  auto seed_text = sealer.open(row.sealed_seed, seed_context(row.key_id));
  signing_key::seed_bytes seed{};
  if (!seed_text || seed_text->size() != seed.size())
    return std::nullopt;
  std::copy(seed_text->begin(), seed_text->end(), seed.begin());
  sodium_memzero(seed_text->data(), seed_text->size());
  signing_key key{seed};
  sodium_memzero(seed.data(), seed.size());
  if (key.key_id() != row.key_id)
    return std::nullopt;
  return key;
}

std::string why_unopened(const stored_key& row) {
  const auto by = sealing::sealer::key_id_of(row.sealed_seed);
  return "The signing key " + row.key_id + " does not open: it is sealed by the key "
         + (by ? sealing::shown_id(*by) : std::string{"of nobody"})
         + ", and this node has no such sealing key, or the row was changed.";
}

std::vector<std::string> names_of(const std::vector<const signing_key*>& keys) {
  std::vector<std::string> out;
  for (const auto* key : keys)
    out.push_back(key->key_id());
  return out;
}

struct keeper_state {
  static inline const char* name = "spotter.keys";

  keeper_state(caf::event_based_actor* self, keeper_parts parts)
    : self_(self), parts_(std::move(parts)) {
    published_ = names_of(parts_.keys->get()->valid(std::chrono::steady_clock::now()));
  }

  caf::behavior make_behavior() {
    self_->delayed_send(self_, parts_.settings.poll(), caf::tick_atom_v);
    return {
      [this](caf::tick_atom) {
        look();
        self_->delayed_send(self_, parts_.settings.poll(), caf::tick_atom_v);
      },
      [this](caf::update_atom) -> caf::result<void> {
        if (std::chrono::steady_clock::now() - looked_at_ >= fresh_enough)
          look();
        if (!problem_.empty())
          return caf::make_error(caf::sec::runtime_error, problem_);
        return {};
      },
      [this](messages::get_health) {
        const auto ring = parts_.keys->get();
        const bool ready = ring->current(std::chrono::steady_clock::now()) != nullptr;
        return messages::health{"keys", ready, ready ? "" : problem_};
      },
    };
  }

private:
  void look() {
    const auto now = std::chrono::steady_clock::now();
    looked_at_ = now;
    try {
      auto ring = open_ring(parts_.store.load(), parts_.sealer, now);
      if (is_old(*ring, now))
        ring = rotate(now);
      use(std::move(ring), now);
      if (!problem_.empty())
        spdlog::info("the signing keys can be read again");
      problem_.clear();
    } catch (const std::exception& why) {
      if (problem_ != why.what())
        spdlog::warn("the signing keys could not be looked at: {}", why.what());
      problem_ = why.what();
    }
  }

  bool is_old(const key_ring& ring, moment now) const {
    const auto since = ring.current_since(now);
    return parts_.settings.rotation > 0ms && since && !ring.has_next(now)
           && now - *since >= parts_.settings.rotation;
  }

  // The store sees to it that only one of several nodes does.
  std::shared_ptr<const key_ring> rotate(moment now) {
    auto key = make_new_key(parts_.sealer, parts_.settings);
    key.least_age = parts_.settings.rotation;
    if (parts_.store.put(key) == key_put::made)
      spdlog::info("signing key {} was made: it signs in {} s", key.key_id,
                   parts_.settings.lead / 1s);
    return open_ring(parts_.store.load(), parts_.sealer, now);
  }

  void use(std::shared_ptr<const key_ring> ring, moment now) {
    const auto valid = ring->valid(now);
    auto names = names_of(valid);
    parts_.keys->replace(ring);
    if (names == published_)
      return;
    parts_.publish(valid);
    std::string list;
    for (const auto& one : names)
      (list += list.empty() ? "" : ", ") += one;
    spdlog::info("access tokens of these signing keys are good now: {}", list);
    published_ = std::move(names);
  }

  caf::event_based_actor* self_;
  keeper_parts parts_;
  std::vector<std::string> published_;
  std::string problem_;
  moment looked_at_{};
};

} // namespace

milliseconds key_settings::poll() const {
  return std::clamp<milliseconds>(lead / 20, 250ms, 30s);
}

milliseconds key_settings::overlap() const {
  return access_lifetime + std::min(clock_slack, access_lifetime);
}

std::string seed_context(const std::string& key_id) {
  return "signing_key/" + key_id;
}

new_key make_new_key(const sealing::sealer& sealer, const key_settings& settings,
                     const std::optional<signing_key::seed_bytes>& seed) {
  signing_key::seed_bytes bytes{};
  if (seed)
    bytes = *seed;
  else
    randombytes_buf(bytes.data(), bytes.size());
  const signing_key key{bytes};
  new_key out;
  out.key_id = key.key_id();
  out.sealed_seed = sealer.seal({reinterpret_cast<const char*>(bytes.data()), bytes.size()},
                                seed_context(out.key_id));
  sodium_memzero(bytes.data(), bytes.size());
  out.lead = settings.lead;
  out.overlap = settings.overlap();
  return out;
}

std::shared_ptr<const key_ring> open_ring(const std::vector<stored_key>& rows,
                                          const sealing::sealer& sealer, moment asked_at) {
  std::vector<ring_key> keys;
  for (const auto& row : rows) {
    auto key = open_key(row, sealer);
    if (!key && row.gone_in_ms) {
      spdlog::warn("{} Its last tokens are refused.", why_unopened(row));
      continue;
    }
    if (!key)
      throw std::runtime_error(why_unopened(row));
    ring_key entry{std::move(*key), after(asked_at, row.signs_in_ms), std::nullopt};
    if (row.gone_in_ms)
      entry.gone = after(asked_at, *row.gone_in_ms);
    keys.push_back(std::move(entry));
  }
  return std::make_shared<const key_ring>(std::move(keys));
}

caf::actor spawn_key_keeper(caf::actor_system& system, keeper_parts parts) {
  return caf::actor_cast<caf::actor>(
    system.spawn<caf::stateful_actor<keeper_state>, caf::detached>(std::move(parts)));
}

void load_keys(const keeper_parts& parts, const signing_key::seed_bytes& first_seed) {
  auto now = std::chrono::steady_clock::now();
  auto rows = parts.store.load();
  if (rows.empty()) {
    static_cast<void>(parts.store.put(make_new_key(parts.sealer, parts.settings, first_seed)));
    now = std::chrono::steady_clock::now();
    rows = parts.store.load();
  }
  const auto ring = open_ring(rows, parts.sealer, now);
  if (!ring->current(std::chrono::steady_clock::now()))
    throw std::runtime_error("There is no signing key whose time has come.");
  parts.keys->replace(ring);
  parts.publish(ring->valid(now));
}

} // namespace spotter::actors::identity
