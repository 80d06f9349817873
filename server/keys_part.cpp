#include "server/keys_part.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <stdexcept>

namespace spotter::server {

namespace {

using actors::identity::key_put;
using actors::identity::new_key;
using actors::identity::stored_key;

// Others may keep the published keys for half of the time that a new one waits.
constexpr std::chrono::seconds longest_max_age{300};

/// Finds what this node could not open, before anything is lost.
void check_sealing(const actors::sealing::reseal_environment& env) {
  const auto& first = env.sealer.keys().front();
  const bool newest = env.store.note_key(first.id());
  const auto problem =
    actors::sealing::missing_key(env.sealer, env.store.known_keys(), env.store.count());
  if (problem)
    throw std::runtime_error(*problem);
  if (!newest)
    spdlog::warn("this node seals with the key {}, which is not the newest one",
                 actors::sealing::shown_id(first.id()));
}

} // namespace

actors::identity::key_settings key_settings_of(const config::settings& settings) {
  actors::identity::key_settings out;
  out.lead = settings.identity.signing_key_lead;
  out.access_lifetime = settings.identity.access_lifetime;
  out.rotation = settings.identity.signing_key_rotation;
  return out;
}

actors::identity::key_store key_store_of(std::shared_ptr<persistence::key_rows> rows) {
  actors::identity::key_store out;
  out.load = [rows] {
    std::vector<stored_key> keys;
    for (auto& row : rows->load_signing_keys())
      keys.push_back(
        {std::move(row.key_id), std::move(row.sealed_seed), row.signs_in_ms, row.gone_in_ms});
    return keys;
  };
  out.put = [rows](const new_key& key) {
    const auto outcome = rows->put_signing_key(
      {key.key_id, key.sealed_seed, key.lead.count(), key.overlap.count(), key.least_age.count()});
    return outcome == "made"      ? key_put::made
           : outcome == "waiting" ? key_put::waiting
                                  : key_put::young;
  };
  return out;
}

actors::sealing::sealed_store sealed_store_of(std::shared_ptr<persistence::key_rows> rows) {
  actors::sealing::sealed_store out;
  out.note_key = [rows](const std::string& key_id) { return rows->note_sealing_key(key_id); };
  out.known_keys = [rows] { return rows->known_sealing_keys(); };
  out.count = [rows] { return rows->count_sealed_rows(); };
  out.load = [rows](const std::string& place, const std::string& key_id, const std::string& after,
                    int limit) { return rows->load_sealed_rows(place, key_id, after, limit); };
  out.put = [rows](const std::string& place, const std::vector<messages::resealed_row>& moved) {
    static_cast<void>(rows->put_resealed_rows(place, moved));
  };
  out.queue_job = [rows](const std::string& key_id) { return rows->queue_reseal(key_id); };
  return out;
}

keys_part make_keys_part(caf::actor_system& system, const config::settings& settings,
                         persistence::connection_settings connection,
                         const actors::sealing::sealer& sealer,
                         const actors::sealing::key_bytes& first_seed) {
  const auto rows = std::make_shared<persistence::key_rows>(std::move(connection));
  keys_part out;
  out.reseal = {sealer, sealed_store_of(rows),
                std::make_shared<actors::sealing::sealed_row_metrics>(system)};
  out.signers = std::make_shared<actors::identity::signing_keys>();
  out.verifiers = std::make_shared<gateway::key_set>(
    std::min(longest_max_age, settings.identity.signing_key_lead / 2));
  actors::identity::keeper_parts parts{
    key_settings_of(settings), sealer, key_store_of(rows), out.signers,
    [verifiers = out.verifiers](const std::vector<const actors::identity::signing_key*>& good) {
      std::vector<gateway::verification_key> keys;
      for (const auto* key : good)
        keys.push_back({key->key_id(), key->public_key()});
      verifiers->replace(std::move(keys));
    }};
  check_sealing(*out.reseal);
  try {
    actors::identity::load_keys(parts, first_seed);
  } catch (const std::exception& why) {
    throw std::runtime_error(std::string{"the signing keys can't be had: "} + why.what());
  }
  out.keeper = actors::identity::spawn_key_keeper(system, std::move(parts));
  return out;
}

} // namespace spotter::server
