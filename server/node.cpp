#include "server/node.hpp"

#include "actors/identity/ended_logins.hpp"
#include "actors/imports/import_supervisor.hpp"
#include "actors/jobs/job_supervisor.hpp"
#include "actors/limits/shared_state.hpp"
#include "actors/recommend/recommender.hpp"
#include "actors/session_request.hpp"
#include "gateway/server.hpp"
#include "persistence/ended_logins.hpp"
#include "persistence/job_store.hpp"
#include "persistence/maintenance.hpp"
#include "persistence/ownership.hpp"
#include "persistence/redis/redis_store.hpp"
#include "server/accounts_part.hpp"
#include "server/actor_system.hpp"
#include "server/database_part.hpp"
#include "server/identity_part.hpp"
#include "server/job_settings.hpp"
#include "server/keys_part.hpp"
#include "server/secrets.hpp"
#include "server/sessions_part.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <sodium.h>

#include <algorithm>
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

} // namespace

/// In the order of construction; destroyed in the reverse.
struct node::parts {
  explicit parts(const config::settings& s) : settings(s) {}

  ~parts() {
    if (runtime) // there is none where the database did not start
      stop_actors();
  }

  void take_shards(const std::function<void(const std::string&)>& tell);
  void spawn_shared_state();
  void start_sessions();
  void spawn_services();
  void start_gateway();
  void stop_actors();
  void tell_listeners(const messages::login_revoked& what);
  [[nodiscard]] actors::shard_directory shards() const {
    return [this](const domain::uuid& user_id) { return sessions.shard_of(user_id); };
  }
  [[nodiscard]] actors::identity::hooks login_hooks();

  config::settings settings;
  database_part database;
  std::unique_ptr<actor_runtime> runtime;
  persistence::shard_epochs epochs{}; // of a node that runs alone
  messages::shared_state_actor shared_state;
  sessions_part sessions;
  keys_part keys;
  messages::job_store_actor job_store;
  accounts_part accounts;
  identity_part people;
  messages::job_supervisor_actor jobs;
  messages::recommend_actor recommender;
  caf::actor maintenance;
  caf::actor sealed_rows;
  caf::actor ended_logins;
  std::unique_ptr<gateway::server> front;
  std::mutex listeners_mutex; // the identity actor may run before the gateway does
  std::vector<caf::actor> listeners;
};

void node::parts::take_shards(const std::function<void(const std::string&)>& tell) {
  if (settings.cluster.enabled)
    return;
  const auto incarnation = domain::make_uuid_v7();
  epochs = persistence::take_all_shards(
    database.direct_connection(database_role::writer, "ownership"), incarnation);
  tell("node " + settings.node + " owns all shards as " + domain::to_string(incarnation));
}

void node::parts::spawn_shared_state() {
  actors::shared_state_settings how;
  how.time_out = settings.redis.time_out;
  if (!settings.redis.server.empty()) {
    auto where = persistence::parse_redis_address(settings.redis.server);
    if (!where)
      throw std::runtime_error("the configuration is not valid: " + where.error());
    persistence::redis_settings redis;
    redis.where = *where;
    redis.ca = settings.redis.ca;
    redis.cluster = settings.cluster.id;
    redis.time_out = settings.redis.time_out;
    how.store = persistence::spawn_redis_store(runtime->system(), std::move(redis));
  }
  shared_state = actors::spawn_shared_state(runtime->system(), std::move(how));
}

void node::parts::start_sessions() {
  session_hooks hooks;
  // The supervisor is started later than the sessions that wake it.
  hooks.import_queued = [this] {
    if (jobs)
      caf::anon_send(jobs, messages::jobs_queued{});
  };
  hooks.login_revoked = [this](const messages::login_revoked& what) { tell_listeners(what); };
  sessions.start(runtime->system(), settings, database, epochs, std::move(hooks));
}

void node::parts::tell_listeners(const messages::login_revoked& what) {
  const std::lock_guard guard{listeners_mutex};
  for (const auto& listener : listeners)
    caf::anon_send(listener, what);
}

actors::identity::hooks node::parts::login_hooks() {
  actors::identity::hooks out;
  out.on_revoked = [this](const messages::login_revoked& what) {
    tell_listeners(what);
    if (const auto* cluster = sessions.cluster())
      cluster->broadcast(what);
  };
  out.announce = [&system = runtime->system(), find_shard = shards()](
                   const domain::uuid& user_id, const messages::announce_revocation& what) {
    // A courtesy to the user's other screens: if it can't be stored, the login has ended all the same.
    system.spawn([find_shard, user_id, what](caf::event_based_actor* self) {
      actors::ask_session(self, find_shard, actors::session_patience{},
                          messages::command{user_id, {}, {}, {}, what},
                          [](const messages::command_reply&) {});
    });
  };
  return out;
}

void node::parts::spawn_services() {
  auto& system = runtime->system();
  const auto writer = [this](const char* purpose) {
    return database.connection(database_role::writer, purpose);
  };
  const auto sealer = read_sealer(settings, missing_file::make);
  auto seed = read_token_seed(settings, missing_file::make);
  actors::identity::signing_key token_key{seed};
  keys = make_keys_part(system, settings, writer("keys"), sealer, seed);
  sodium_memzero(seed.data(), seed.size());

  const auto hooks = login_hooks();
  const auto passwords = make_password_pool(system, settings);
  job_store = persistence::spawn_job_store(system, writer("jobs"));
  accounts =
    make_accounts_part(system, settings,
                       {writer("accounts"), database.connection(database_role::reader, "exports"),
                        passwords, job_store, hooks, shards(), shared_state, *keys.reseal});
  sealed_rows =
    actors::sealing::spawn_sealed_row_watch(system, *keys.reseal, [jobs = accounts.jobs] {
      caf::anon_send(jobs, messages::jobs_queued{});
    });
  people = make_identity_part(system, settings,
                              {writer("identity"), writer("factors"), sealer, std::move(token_key),
                               keys.signers, passwords, accounts.store, shared_state, hooks});

  actors::import_environment files;
  files.reader = sessions.reader();
  files.shards = shards();
  jobs = actors::spawn_job_supervisor(system, job_store,
                                      {{"import", actors::import_spawner(std::move(files))}},
                                      job_settings_of(settings));
  actors::recommend_settings advice;
  advice.pool.deadline = settings.recommend.deadline;
  advice.pool.workers = settings.recommend.workers;
  recommender = actors::spawn_recommender(system, sessions.reader(), shards(),
                                          actors::built_in_engines(), advice);
  maintenance = persistence::spawn_maintenance(
    system, writer("maintenance"), {std::chrono::days{settings.identity.security_event_days}});
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
  how.admins_need_second_factor = settings.identity.admins_need_second_factor;
  how.limits.connections = settings.listen.connections;
  how.limits.connections_per_address = settings.listen.connections_per_address;
  how.limits.sign_ins_per_minute = settings.identity.sign_ins_per_minute;
  how.limits.registrations_per_minute = settings.limits.registrations_per_minute;
  how.limits.reads_per_minute = settings.limits.reads_per_minute;
  how.limits.writes_per_minute = settings.limits.writes_per_minute;
  how.limits.imports_per_minute = settings.limits.imports_per_minute;

  gateway::gateway_ports reach;
  reach.shard_of = shards();
  reach.reader = sessions.reader();
  reach.identity = people.identity;
  reach.accounts = accounts.accounts;
  if (accounts.has_outbox)
    reach.outbox = accounts.mailer;
  reach.factors = people.factors;
  reach.recommender = recommender;
  reach.limits = shared_state;
  if (const auto* cluster = sessions.cluster()) {
    reach.cluster = cluster->membership();
    reach.readiness.push_back({"cluster", caf::actor_cast<caf::actor>(cluster->membership())});
  }
  reach.keys = keys.verifiers;
  reach.keeper = keys.keeper;
  reach.readiness.push_back({"keys", keys.keeper});
  for (const auto& writer : sessions.writers())
    reach.readiness.push_back({"writer", caf::actor_cast<caf::actor>(writer)});
  reach.readiness.push_back({"reader", caf::actor_cast<caf::actor>(sessions.reader())});
  front = std::make_unique<gateway::server>(runtime->system(), std::move(how), std::move(reach));
  {
    const std::lock_guard guard{listeners_mutex};
    listeners = front->listeners();
  }
  // Who listens hears of the logins that end from here on; of those that ended before, the tokens
  // may still be about.
  front->refuse(
    persistence::load_ended_logins(database.direct_connection(database_role::writer, "start"),
                                   std::max(least_look_back, settings.identity.access_lifetime)));
  actors::identity::ended_login_parts watch;
  watch.store = people.identity_store;
  watch.tell = [this](const messages::login_revoked& what) { tell_listeners(what); };
  watch.every = settings.identity.ended_login_poll;
  ended_logins = actors::identity::spawn_ended_login_watch(runtime->system(), std::move(watch));
  front->start();
}

// Connections first, on their own threads; then the actors that serve them; the system last.
void node::parts::stop_actors() {
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
  end(ended_logins);
  end(people.identity);
  end(people.factors);
  end(keys.keeper);
  end(sealed_rows);
  end(shared_state);
  sessions.stop();
  end(maintenance);
  end(job_store);
  end(people.factor_store);
  end(people.identity_store);
  front.reset();
  runtime.reset();
}

node::node(const config::settings& settings, const std::function<void(const std::string&)>& tell)
  : parts_(std::make_unique<parts>(settings)) {
  auto& p = *parts_;
  std::filesystem::create_directories(settings.data); // the keys are kept there
  p.database = make_database_part(settings, tell);
  p.take_shards(tell);
  p.runtime = std::make_unique<actor_runtime>(settings.actor_threads);
  p.spawn_shared_state();
  p.start_sessions();
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
  if (auto* cluster = parts_->sessions.cluster())
    cluster->drain(leave_limit);
}

} // namespace spotter::server
