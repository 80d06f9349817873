#include "server/identity_part.hpp"

#include "actors/factors/factors.hpp"
#include "actors/identity/password.hpp"
#include "actors/identity/password_pool.hpp"
#include "outbound/breached_passwords.hpp"
#include "persistence/factor_store.hpp"
#include "persistence/identity_store.hpp"

#include <utility>

namespace spotter::server {

namespace {

actors::identity::password_settings password_settings_of(
  const config::identity_settings& settings) {
  actors::identity::password_settings out;
  out.cost.passes = settings.password_passes;
  out.cost.memory_bytes = settings.password_memory_mib * 1024 * 1024;
  out.workers = settings.password_workers;
  out.max_queued = settings.password_queue;
  return out;
}

actors::identity::settings identity_settings_of(const config::settings& settings) {
  actors::identity::settings out;
  out.passwords = password_settings_of(settings.identity);
  out.attempts.most = settings.limits.failed_logins;
  out.attempts.free = settings.limits.failed_logins_free;
  out.attempts.first_wait = settings.limits.failed_login_wait;
  out.attempts.longest_wait = settings.limits.failed_login_longest_wait;
  out.logins.access_lifetime = settings.identity.access_lifetime;
  out.logins.absolute_lifetime = settings.identity.login_lifetime;
  out.logins.idle_lifetime = settings.identity.login_idle_lifetime;
  return out;
}

/// Who is asked about breached passwords; an empty handle where nobody is.
messages::breach_actor make_breach_checker(caf::actor_system& system,
                                           const config::settings& settings) {
  if (settings.identity.breach_service.empty())
    return {};
  outbound::breach_settings how;
  how.url = settings.identity.breach_service;
  return outbound::spawn_breached_passwords(system, std::move(how));
}

} // namespace

messages::password_actor make_password_pool(caf::actor_system& system,
                                            const config::settings& settings) {
  auto how = password_settings_of(settings.identity);
  how.breached = make_breach_checker(system, settings);
  return actors::identity::spawn_password_pool(system, how);
}

identity_part make_identity_part(caf::actor_system& system, const config::settings& settings,
                                 identity_needs needs) {
  identity_part out;
  persistence::identity_store_settings logins;
  logins.connection = std::move(needs.logins);
  logins.workers = settings.database.identity_workers;
  out.identity_store = persistence::spawn_identity_store(system, std::move(logins));
  persistence::factor_store_settings factors;
  factors.connection = std::move(needs.factors);
  factors.workers = settings.database.identity_workers;
  out.factor_store = persistence::spawn_factor_store(system, std::move(factors));

  out.factors = actors::factors::spawn(system, {{},
                                                std::move(needs.sealer),
                                                needs.passwords,
                                                out.factor_store,
                                                out.identity_store,
                                                needs.limits,
                                                needs.hooks});
  auto how = identity_settings_of(settings);
  how.attempts.counts = std::move(needs.limits);
  auto dummy_hash = actors::identity::make_dummy_hash(how.passwords.cost);
  actors::identity::parts parts{std::move(how),
                                std::move(needs.token_key),
                                std::move(needs.passwords),
                                std::move(dummy_hash),
                                out.identity_store,
                                std::move(needs.hooks),
                                std::move(needs.accounts),
                                out.factors,
                                std::move(needs.signers)};
  out.identity = actors::identity::spawn(system, std::move(parts));
  return out;
}

} // namespace spotter::server
