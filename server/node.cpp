#include "server/node.hpp"

#include "actors/factors/factors.hpp"
#include "actors/identity/identity.hpp"
#include "actors/identity/password.hpp"
#include "actors/identity/password_pool.hpp"
#include "actors/imports/import_supervisor.hpp"
#include "actors/jobs/job_supervisor.hpp"
#include "actors/limits/shared_state.hpp"
#include "actors/recommend/recommender.hpp"
#include "actors/session_request.hpp"
#include "actors/shard/shard.hpp"
#include "gateway/server.hpp"
#include "persistence/catalogue_loader.hpp"
#include "persistence/cluster_store.hpp"
#include "persistence/connection_budget.hpp"
#include "persistence/embedded_postgres.hpp"
#include "persistence/ended_logins.hpp"
#include "persistence/factor_store.hpp"
#include "persistence/identity_store.hpp"
#include "persistence/job_store.hpp"
#include "persistence/maintenance.hpp"
#include "persistence/migrator.hpp"
#include "persistence/ownership.hpp"
#include "persistence/reader.hpp"
#include "persistence/redis/redis_store.hpp"
#include "persistence/writer.hpp"
#include "server/accounts_part.hpp"
#include "server/actor_system.hpp"
#include "server/cluster_part.hpp"
#include "server/keys_part.hpp"
#include "server/secrets.hpp"

#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <sodium.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <filesystem>
#include <mutex>
#include <stdexcept>
#include <vector>

namespace spotter::server {

namespace {

using persistence::database_role;

/// How long a node that stops may take to give its shards to others; then they are freed.
constexpr std::chrono::milliseconds leave_limit{8'000};

/// How long running jobs may take to be given back when the node stops; then their leases run out.
constexpr std::chrono::seconds give_back_limit{3};

// A node that ran before this one may have given out tokens that live longer than its own.
constexpr std::chrono::seconds least_look_back{3'600};

[[noreturn]] void fail(const std::string& step, const std::string& why) {
  throw std::runtime_error(step + ": " + why);
}

std::unique_ptr<persistence::embedded_postgres> start_database(
  const config::settings& settings, const std::function<void(const std::string&)>& tell) {
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

} // namespace

/// In the order of construction; destroyed in the reverse.
struct node::parts {
  explicit parts(const config::settings& s) : settings(s) {}

  ~parts() { stop(); }

  void stop();
  void migrate(const std::function<void(const std::string&)>& tell);
  void check_connections() const;
  void spawn_shared_state();
  void spawn_sessions();
  void spawn_services();
  void start_gateway();
  [[nodiscard]] persistence::connection_settings connection(database_role role,
                                                            const char* purpose) const;
  [[nodiscard]] persistence::connection_settings direct_connection(database_role role,
                                                                   const char* purpose) const;
  [[nodiscard]] messages::shard_actor open_shard(std::int32_t shard, std::int64_t epoch,
                                                 actors::lease_ptr served);
  [[nodiscard]] messages::shard_actor shard_of(const domain::uuid& user_id) const {
    return cluster ? cluster->shard_of(user_id)
                   : shards[static_cast<std::size_t>(messages::shard_of(user_id))];
  }
  void tell_listeners(const messages::login_revoked& what);

  config::settings settings;
  std::unique_ptr<persistence::embedded_postgres> database;
  std::string server; // connection string
  std::string direct; // the same, past any pooler
  std::unique_ptr<actor_runtime> runtime;
  persistence::shard_epochs epochs{};
  messages::shared_state_actor shared_state;
  std::vector<messages::writer_actor> writers;
  messages::reader_actor reader;
  std::vector<messages::shard_actor> shards; // of a node that runs alone
  messages::cluster_store_actor cluster_store;
  std::unique_ptr<actors::cluster::node> cluster;
  keys_part keys;
  messages::identity_store_actor identity_store;
  messages::identity_actor identity;
  messages::factor_store_actor factor_store;
  messages::factors_actor factors;
  messages::job_store_actor job_store;
  accounts_part accounts;
  messages::job_supervisor_actor jobs;
  messages::recommend_actor recommender;
  caf::actor maintenance;
  caf::actor sealed_rows;
  std::unique_ptr<gateway::server> front;
  std::mutex listeners_mutex; // the identity actor may run before the gateway does
  std::vector<caf::actor> listeners;
  bool stopped = false;
};

persistence::connection_settings node::parts::connection(database_role role,
                                                         const char* purpose) const {
  persistence::connection_settings out;
  out.server = server;
  out.pooled = settings.database.pooled;
  out.role = role;
  out.application_name = std::string{"spotter "} + purpose;
  return out;
}

persistence::connection_settings node::parts::direct_connection(database_role role,
                                                                const char* purpose) const {
  auto out = connection(role, purpose);
  out.server = direct;
  out.pooled = false;
  return out;
}

/// What a pooler takes is the pooler's to bound; past it go the cluster's and passing ones.
void node::parts::check_connections() const {
  const auto& d = settings.database;
  const auto wanted = d.pooled ? 2 : d.connections(settings.cluster.enabled);
  if (const auto wrong = persistence::too_many_connections(
        direct_connection(database_role::writer, "start"), wanted))
    fail("the database has too few connections", *wrong);
}

void node::parts::migrate(const std::function<void(const std::string&)>& tell) {
  auto files = persistence::embedded_migrations();
  if (!files)
    fail("the migrations can't be read", files.error().message);
  persistence::migrator_options options;
  options.report = tell;
  const persistence::migrator run{direct_connection(database_role::migrator, "migrator"),
                                  std::move(*files), options};
  const auto steps = run.up();
  if (!steps)
    fail("the database's schema could not be brought up to date", steps.error().message);
  for (const auto& step : *steps)
    tell("migrated to " + std::to_string(step.version) + " " + step.name);
  const auto wanted = persistence::embedded_catalogue();
  if (!wanted)
    fail("the exercise catalogue can't be read", wanted.error());
  const auto changes =
    persistence::load_catalogue(direct_connection(database_role::migrator, "catalogue"), *wanted);
  if (!changes)
    fail("the exercise catalogue was not loaded", changes.error());
  if (const auto changed = changes->exercises_added + changes->exercises_changed; changed > 0)
    tell("loaded " + std::to_string(changed) + " exercises of the catalogue");
}

void node::parts::spawn_shared_state() {
  actors::shared_state_settings how;
  how.time_out = settings.redis.time_out;
  if (!settings.redis.server.empty()) {
    auto where = persistence::parse_redis_address(settings.redis.server);
    if (!where)
      fail("the configuration is not valid", where.error());
    persistence::redis_settings redis;
    redis.where = *where;
    redis.ca = settings.redis.ca;
    redis.cluster = settings.cluster.id;
    redis.time_out = settings.redis.time_out;
    how.store = persistence::spawn_redis_store(runtime->system(), std::move(redis));
  }
  shared_state = actors::spawn_shared_state(runtime->system(), std::move(how));
}

void node::parts::spawn_sessions() {
  auto& system = runtime->system();
  for (std::size_t i = 0; i < settings.database.writers; ++i) {
    persistence::writer_settings w;
    w.connection = connection(database_role::writer, "writer");
    w.queued_units = settings.database.queued_units;
    writers.push_back(persistence::spawn_writer(system, std::move(w)));
  }
  persistence::reader_settings r;
  r.connection = connection(database_role::reader, "reader");
  r.readers = settings.database.readers;
  reader = persistence::spawn_reader(system, std::move(r));

  if (settings.cluster.enabled) {
    cluster_hooks hooks;
    hooks.open_shard = [this](std::int32_t shard, std::int64_t epoch, actors::lease_ptr served) {
      return open_shard(shard, epoch, std::move(served));
    };
    hooks.login_revoked = [this](const messages::login_revoked& what) { tell_listeners(what); };
    cluster_store =
      persistence::spawn_cluster_store(system, direct_connection(database_role::writer, "cluster"));
    cluster = make_cluster_part(system, settings, cluster_store, std::move(hooks));
    return;
  }
  for (std::int32_t shard = 0; shard < messages::shard_count; ++shard)
    shards.push_back(open_shard(shard, epochs[static_cast<std::size_t>(shard)], nullptr));
}

messages::shard_actor node::parts::open_shard(std::int32_t shard, std::int64_t epoch,
                                              actors::lease_ptr served) {
  auto env = std::make_shared<actors::session_environment>();
  env->epoch = epoch;
  env->writer = writers[static_cast<std::size_t>(shard) % writers.size()];
  env->reader = reader;
  env->limits.queued_commands = settings.sessions.queued_commands;
  env->may_speak = std::move(served);
  // The supervisor is started later than the sessions that wake it.
  env->import_queued = [this] {
    if (jobs)
      caf::anon_send(jobs, messages::jobs_queued{});
  };
  actors::shard_settings limits;
  limits.idle_time = settings.sessions.idle_time;
  return actors::spawn_shard(runtime->system(), std::move(env), limits);
}

void node::parts::tell_listeners(const messages::login_revoked& what) {
  const std::lock_guard guard{listeners_mutex};
  for (const auto& listener : listeners)
    caf::anon_send(listener, what);
}

void node::parts::spawn_services() {
  auto& system = runtime->system();
  const auto find_shard = [this](const domain::uuid& user_id) { return shard_of(user_id); };

  persistence::identity_store_settings store;
  store.connection = connection(database_role::writer, "identity");
  store.workers = settings.database.identity_workers;
  identity_store = persistence::spawn_identity_store(system, std::move(store));

  const auto sealer = read_sealer(settings, missing_file::make);
  auto seed = read_token_seed(settings, missing_file::make);
  const actors::identity::signing_key token_key{seed};
  keys = make_keys_part(system, settings, connection(database_role::writer, "keys"), sealer, seed);
  sodium_memzero(seed.data(), seed.size());

  actors::identity::settings id;
  id.passwords.cost.passes = settings.identity.password_passes;
  id.passwords.cost.memory_bytes = settings.identity.password_memory_mib * 1024 * 1024;
  id.passwords.workers = settings.identity.password_workers;
  id.passwords.max_queued = settings.identity.password_queue;
  id.attempts.counts = shared_state;
  id.attempts.most = settings.limits.failed_logins;
  id.attempts.free = settings.limits.failed_logins_free;
  id.attempts.first_wait = settings.limits.failed_login_wait;
  id.attempts.longest_wait = settings.limits.failed_login_longest_wait;
  id.logins.access_lifetime = settings.identity.access_lifetime;
  id.logins.absolute_lifetime = settings.identity.login_lifetime;
  id.logins.idle_lifetime = settings.identity.login_idle_lifetime;
  actors::identity::hooks hooks;
  hooks.on_revoked = [this](const messages::login_revoked& what) {
    tell_listeners(what);
    if (cluster)
      cluster->broadcast(what);
  };
  hooks.announce = [&system, find_shard](const domain::uuid& user_id,
                                         const messages::announce_revocation& what) {
    // A courtesy to the user's other screens: if it can't be stored, the login has ended all the same.
    system.spawn([find_shard, user_id, what](caf::event_based_actor* self) {
      actors::ask_session(self, find_shard, actors::session_patience{},
                          messages::command{user_id, {}, {}, {}, what},
                          [](const messages::command_reply&) {});
    });
  };
  // One pool for all who hash, so that its bounds are the node's.
  id.passwords.breached = make_breach_checker(system, settings);
  const auto passwords = actors::identity::spawn_password_pool(system, id.passwords);
  job_store = persistence::spawn_job_store(system, connection(database_role::writer, "jobs"));
  accounts = make_accounts_part(system, settings,
                                {connection(database_role::writer, "accounts"),
                                 connection(database_role::reader, "exports"), passwords, job_store,
                                 hooks, find_shard, shared_state, *keys.reseal});
  sealed_rows =
    actors::sealing::spawn_sealed_row_watch(system, *keys.reseal, [jobs = accounts.jobs] {
      caf::anon_send(jobs, messages::jobs_queued{});
    });
  persistence::factor_store_settings factor_rows;
  factor_rows.connection = connection(database_role::writer, "factors");
  factor_rows.workers = settings.database.identity_workers;
  factor_store = persistence::spawn_factor_store(system, std::move(factor_rows));
  factors = actors::factors::spawn(
    system, {{}, sealer, passwords, factor_store, identity_store, shared_state, hooks});
  actors::identity::parts parts{id,
                                token_key,
                                passwords,
                                actors::identity::make_dummy_hash(id.passwords.cost),
                                identity_store,
                                hooks,
                                accounts.store,
                                factors,
                                keys.signers};
  identity = actors::identity::spawn(system, std::move(parts));

  actors::job_settings how;
  how.slots = settings.jobs.slots;
  how.lease = settings.jobs.lease;
  how.retry.max_attempts = settings.jobs.max_attempts;
  how.retry.unit = settings.jobs.retry_unit;
  how.retry.max_delay = settings.jobs.max_delay;
  how.own_kinds_only = true;
  actors::import_environment files;
  files.reader = reader;
  files.shards = find_shard;
  jobs = actors::spawn_job_supervisor(system, job_store,
                                      {{"import", actors::import_spawner(std::move(files))}}, how);
  actors::recommend_settings advice;
  advice.pool.deadline = settings.recommend.deadline;
  advice.pool.workers = settings.recommend.workers;
  recommender =
    actors::spawn_recommender(system, reader, find_shard, actors::built_in_engines(), advice);
  maintenance =
    persistence::spawn_maintenance(system, connection(database_role::writer, "maintenance"),
                                   {std::chrono::days{settings.identity.security_event_days}});
}

void node::parts::start_gateway() {
  gateway::gateway_config how;
  how.address = settings.listen.address;
  how.port = settings.listen.port;
  how.io_threads = settings.listen.io_threads;
  how.node = settings.node;
  how.tls_certificate = settings.listen.tls_certificate;
  how.tls_key = settings.listen.tls_key;
  how.allowed_origins = settings.listen.allowed_origins;
  how.trusted.blocks = settings.listen.trusted_proxies;
  if (settings.listen.forwarded_header == "forwarded")
    how.trusted.header = gateway::forwarded_header::forwarded;
  how.limits.connections = settings.listen.connections;
  how.limits.connections_per_address = settings.listen.connections_per_address;
  how.limits.sign_ins_per_minute = settings.identity.sign_ins_per_minute;
  how.limits.registrations_per_minute = settings.limits.registrations_per_minute;
  how.limits.reads_per_minute = settings.limits.reads_per_minute;
  how.limits.writes_per_minute = settings.limits.writes_per_minute;
  how.limits.imports_per_minute = settings.limits.imports_per_minute;

  gateway::gateway_ports reach;
  reach.shard_of = [this](const domain::uuid& user_id) { return shard_of(user_id); };
  reach.reader = reader;
  reach.identity = identity;
  reach.accounts = accounts.accounts;
  if (accounts.has_outbox)
    reach.outbox = accounts.mailer;
  reach.factors = factors;
  reach.recommender = recommender;
  reach.limits = shared_state;
  if (cluster) {
    reach.cluster = cluster->membership();
    reach.readiness.push_back({"cluster", caf::actor_cast<caf::actor>(cluster->membership())});
  }
  reach.keys = keys.verifiers;
  reach.keeper = keys.keeper;
  reach.readiness.push_back({"keys", keys.keeper});
  for (const auto& writer : writers)
    reach.readiness.push_back({"writer", caf::actor_cast<caf::actor>(writer)});
  reach.readiness.push_back({"reader", caf::actor_cast<caf::actor>(reader)});
  front = std::make_unique<gateway::server>(runtime->system(), std::move(how), std::move(reach));
  {
    const std::lock_guard guard{listeners_mutex};
    listeners = front->listeners();
  }
  // Who listens hears of the logins that end from here on; of those that ended before, the tokens
  // may still be about.
  front->refuse(
    persistence::load_ended_logins(direct_connection(database_role::writer, "start"),
                                   std::max(least_look_back, settings.identity.access_lifetime)));
  front->start();
}

// Connections first, on their own threads; then the actors that serve them; the system last.
void node::parts::stop() {
  if (stopped)
    return;
  stopped = true;
  {
    const std::lock_guard guard{listeners_mutex};
    listeners.clear();
  }
  if (front)
    front->stop();
  const auto end = [](auto& handle) {
    if (handle)
      caf::anon_send_exit(handle, caf::exit_reason::user_shutdown);
    handle = nullptr;
  };
  // The supervisor gives running jobs back to the store, so the store must outlive it.
  if (jobs) {
    caf::scoped_actor self{runtime->system()};
    self->monitor(jobs);
    end(jobs);
    self->receive([](const caf::down_msg&) {}, caf::after(give_back_limit) >> [] {});
  }
  accounts.stop(runtime->system(), give_back_limit);
  end(recommender);
  end(identity);
  end(factors);
  end(keys.keeper);
  end(sealed_rows);
  end(shared_state);
  if (cluster)
    cluster->stop();
  end(cluster_store);
  for (auto& shard : shards)
    caf::anon_send_exit(shard, caf::exit_reason::user_shutdown);
  shards.clear();
  end(maintenance);
  end(job_store);
  end(factor_store);
  end(identity_store);
  end(reader);
  for (auto& writer : writers)
    caf::anon_send_exit(writer, caf::exit_reason::user_shutdown);
  writers.clear();
  front.reset();
  runtime.reset();
  if (database)
    database->stop();
}

node::node(const config::settings& settings, const std::function<void(const std::string&)>& tell)
  : parts_(std::make_unique<parts>(settings)) {
  auto& p = *parts_;
  std::filesystem::create_directories(settings.data); // the keys are kept there
  p.database = start_database(settings, tell);
  p.server = p.database ? p.database->server() : settings.database.server;
  p.direct = settings.database.direct.empty() ? p.server : settings.database.direct;
  p.migrate(tell);
  p.check_connections();
  if (!settings.cluster.enabled) {
    const auto incarnation = domain::make_uuid_v7();
    p.epochs = persistence::take_all_shards(p.direct_connection(database_role::writer, "ownership"),
                                            incarnation);
    tell("node " + settings.node + " owns all shards as " + domain::to_string(incarnation));
  }
  p.runtime = std::make_unique<actor_runtime>(settings.actor_threads);
  p.spawn_shared_state();
  p.spawn_sessions();
  p.spawn_services();
  p.start_gateway();
}

node::~node() = default;

std::uint16_t node::port() const {
  return parts_->front->port();
}

void node::drain(std::chrono::milliseconds limit) {
  // The clients first: what is under way here may need the links to other nodes, which end with the
  // node's part in the cluster. Its shards serve those who come through other nodes meanwhile.
  parts_->front->drain(limit);
  if (parts_->cluster)
    parts_->cluster->drain(leave_limit);
}

} // namespace spotter::server
