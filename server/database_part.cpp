#include "server/database_part.hpp"

#include "persistence/catalogue_loader.hpp"
#include "persistence/connection_budget.hpp"
#include "persistence/migrator.hpp"
#include "server/database_servers.hpp"

#include <spdlog/spdlog.h>

#include <filesystem>
#include <stdexcept>

namespace spotter::server {

namespace {

using persistence::database_role;
using teller = std::function<void(const std::string&)>;

[[noreturn]] void fail(const std::string& step, const std::string& why) {
  throw std::runtime_error(step + ": " + why);
}

std::unique_ptr<persistence::embedded_postgres> start_embedded(const config::settings& settings,
                                                               const teller& tell) {
  if (!settings.database.server.empty())
    return nullptr;
  std::filesystem::create_directories(settings.data);
  persistence::embedded_postgres_options options;
  options.report = [](const std::string& what) { spdlog::info("database: {}", what); };
  options.max_connections = static_cast<int>(settings.database.writers + settings.database.readers
                                             + 2 * settings.database.identity_workers
                                             + 20); // jobs, maintenance, migrations, psql
  tell("starting the embedded PostgreSQL in " + settings.data.string());
  auto started = persistence::embedded_postgres::start(settings.data, std::move(options));
  if (!started)
    fail("the embedded database did not start", started.error());
  return std::move(*started);
}

void migrate(const database_part& database, const teller& tell) {
  auto files = persistence::embedded_migrations();
  if (!files)
    fail("the migrations can't be read", files.error().message);
  persistence::migrator_options options;
  options.report = tell;
  const persistence::migrator run{database.direct_connection(database_role::migrator, "migrator"),
                                  std::move(*files), options};
  const auto steps = run.up();
  if (!steps)
    fail("the database's schema could not be brought up to date", steps.error().message);
  for (const auto& step : *steps)
    tell("migrated to " + std::to_string(step.version) + " " + step.name);
  const auto wanted = persistence::embedded_catalogue();
  if (!wanted)
    fail("the exercise catalogue can't be read", wanted.error());
  const auto changes = persistence::load_catalogue(
    database.direct_connection(database_role::migrator, "catalogue"), *wanted);
  if (!changes)
    fail("the exercise catalogue was not loaded", changes.error());
  if (const auto changed = changes->exercises_added + changes->exercises_changed; changed > 0)
    tell("loaded " + std::to_string(changed) + " exercises of the catalogue");
}

/// What a pooler takes is the pooler's to bound; past it go the cluster's and passing ones.
void check_connections(const database_part& database, const config::settings& settings) {
  const auto& d = settings.database;
  const auto wanted = d.pooled ? 2 : d.connections(settings.cluster.enabled);
  if (const auto wrong = persistence::too_many_connections(
        database.direct_connection(database_role::writer, "start"), wanted))
    fail("the database has too few connections", *wrong);
}

} // namespace

persistence::connection_settings database_part::connection(database_role role,
                                                           const char* purpose) const {
  persistence::connection_settings out;
  out.server = server;
  out.pooled = pooled;
  out.role = role;
  out.application_name = std::string{"spotter "} + purpose;
  return out;
}

persistence::connection_settings database_part::direct_connection(database_role role,
                                                                  const char* purpose) const {
  auto out = connection(role, purpose);
  out.server = direct;
  out.pooled = false;
  return out;
}

database_part make_database_part(const config::settings& settings, const teller& tell) {
  database_part out;
  out.embedded = start_embedded(settings, tell);
  auto named = read_database_servers(settings);
  out.server = out.embedded ? out.embedded->server() : std::move(named.server);
  out.direct = out.embedded ? out.server : std::move(named.direct);
  out.pooled = settings.database.pooled;
  migrate(out, tell);
  check_connections(out, settings);
  return out;
}

} // namespace spotter::server
