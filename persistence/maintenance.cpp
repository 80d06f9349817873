#include "persistence/maintenance.hpp"

#include <caf/event_based_actor.hpp>
#include <spdlog/spdlog.h>

namespace spotter::persistence {

namespace {

constexpr std::chrono::hours interval{1};
constexpr int months_ahead = 3;
constexpr int prune_batch = 10'000;
constexpr int most_batches = 1'000; // of one round

void look_after(const connection_settings& settings, const keeping& keep) {
  auto connection = connect(settings);
  pqxx::nontransaction tx{connection};
  tx.exec("SELECT spotter.ensure_audit_partitions($1)", pqxx::params{months_ahead});
  tx.exec("SELECT spotter.ensure_security_event_partitions($1)", pqxx::params{months_ahead});
  const auto dropped =
    tx.query_value<int>("SELECT spotter.drop_security_event_partitions(make_interval(days => $1))",
                        pqxx::params{keep.security_events.count()});
  if (dropped > 0)
    spdlog::info("{} months of security events were dropped: they are older than {} days", dropped,
                 keep.security_events.count());
  for (int i = 0; i < most_batches; ++i)
    if (tx.query_value<int>("SELECT spotter.prune_idempotency_keys(interval '24 hours', $1)",
                            pqxx::params{prune_batch})
        < prune_batch)
      break;
  for (int i = 0; i < most_batches; ++i)
    if (tx.query_value<int>("SELECT spotter.prune_mail(interval '30 days', $1)",
                            pqxx::params{prune_batch})
        < prune_batch)
      break;
}

caf::behavior maintenance(caf::event_based_actor* self, const connection_settings& settings,
                          const keeping& keep) {
  self->send(self, caf::tick_atom_v);
  return {
    [self, settings, keep](caf::tick_atom) {
      try {
        look_after(settings, keep);
      } catch (const std::exception& why) {
        spdlog::warn("database maintenance failed, it is tried again in an hour: {}", why.what());
      }
      self->delayed_send(self, interval, caf::tick_atom_v);
    },
  };
}

} // namespace

caf::actor spawn_maintenance(caf::actor_system& system, connection_settings settings,
                             keeping keep) {
  return system.spawn<caf::detached>(maintenance, std::move(settings), keep);
}

} // namespace spotter::persistence
