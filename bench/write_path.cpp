// The write path without the gateway: sessions, writer, commits of a real PostgreSQL with fsync on.
//
// Usage: write_path ATHLETES SECONDS FOLDER. Each athlete logs one set after the other; how many of
// them there are is how many sets can share a commit. Prints JSON. The folder must not exist; it is
// removed again.

#include "actors/messages/all.hpp"
#include "actors/shard/shard.hpp"
#include "persistence/catalogue_loader.hpp"
#include "persistence/embedded_postgres.hpp"
#include "persistence/migrator.hpp"
#include "persistence/ownership.hpp"
#include "persistence/reader.hpp"
#include "persistence/writer.hpp"
#include "server/actor_system.hpp"

#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/telemetry/metric_registry.hpp>
#include <spdlog/spdlog.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <thread>

using namespace spotter;
using namespace spotter::messages;
using persistence::database_role;

namespace {

constexpr int sets_in_workout = 50;

std::atomic<std::int64_t> logged{0};

[[noreturn]] void fail(const std::string& why) {
  throw std::runtime_error(why);
}

/// A database with a schema, the catalogue and users.
class stage {
public:
  stage(const std::filesystem::path& folder, std::size_t athletes) {
    auto started = persistence::embedded_postgres::start(folder, {});
    if (!started)
      fail(started.error());
    database_ = std::move(*started);
    const persistence::migrator run{connection(database_role::migrator),
                                    *persistence::embedded_migrations()};
    if (const auto done = run.up(); !done)
      fail(done.error().message);
    if (const auto done = persistence::load_catalogue(connection(database_role::migrator),
                                                      *persistence::embedded_catalogue());
        !done)
      fail(done.error());
    pqxx::connection db{database_->superuser_connection_string()};
    pqxx::nontransaction tx{db};
    exercise_ = domain::parse_uuid(tx.query_value<std::string>(
                                     "SELECT exercise_id::text FROM spotter.exercise LIMIT 1"))
                  .value();
    for (std::size_t i = 0; i < athletes; ++i) {
      users_.push_back(domain::make_uuid_v7());
      tx.exec("INSERT INTO spotter.app_user (user_id, email, password_hash) VALUES ($1, $2, '')",
              pqxx::params{to_string(users_.back()), std::to_string(i) + "@example.org"});
    }
  }

  [[nodiscard]] persistence::connection_settings connection(database_role role) const {
    persistence::connection_settings out;
    out.server = database_->server();
    out.role = role;
    return out;
  }
  void stop() { database_.reset(); }
  [[nodiscard]] const domain::uuid& exercise() const { return exercise_; }
  [[nodiscard]] const std::vector<domain::uuid>& users() const { return users_; }

private:
  std::unique_ptr<persistence::embedded_postgres> database_;
  domain::uuid exercise_;
  std::vector<domain::uuid> users_;
};

/// Starts a workout, logs its sets, finishes it, starts the next.
struct athlete_state {
  athlete_state(caf::event_based_actor* pointer, const domain::uuid& user_id,
                const domain::uuid& exercise_id, caf::actor session_actor)
    : self{pointer}, user{user_id}, exercise{exercise_id}, session{std::move(session_actor)} {}

  caf::behavior make_behavior() {
    next();
    return {[] {}};
  }

  void next() {
    command c{user, {}, {}, {}, finish_workout{workout, {}}};
    if (sets < 0) {
      workout = domain::make_uuid_v7();
      start_workout start;
      start.workout_id = workout;
      c.body = std::move(start);
    } else if (sets < sets_in_workout) {
      log_set log{workout, {}};
      log.entry.set_id = domain::make_uuid_v7();
      log.entry.exercise_id = exercise;
      log.entry.actual.reps = 8;
      log.entry.actual.weight = domain::weight{82.5, domain::weight_unit::kg};
      c.body = std::move(log);
    }
    sets = sets < sets_in_workout ? sets + 1 : -1;
    self->request(caf::actor_cast<session_actor>(session), caf::infinite, std::move(c))
      .then([this](const command_reply& reply) {
        if (const auto* why = std::get_if<failure>(&reply.result)) {
          std::fprintf(stderr, "write_path: %s\n", why->detail.c_str());
          std::_Exit(1);
        }
        ++logged;
        next();
      });
  }

  caf::event_based_actor* self;
  domain::uuid user;
  domain::uuid exercise;
  caf::actor session;
  domain::uuid workout;
  int sets = -1; // logged in this workout; -1: there is none
};

/// What the writer has measured so far.
struct figures {
  std::int64_t units = 0;
  double seconds = 0; // in commits
  std::int64_t commits = 0;
};

figures read_figures(caf::actor_system& system) {
  figures out;
  auto collector = [&out](const auto* family, const auto*, const auto* metric) {
    using metric_type = std::decay_t<decltype(*metric)>;
    if constexpr (std::is_same_v<metric_type, caf::telemetry::dbl_histogram>) {
      if (family->name() != "commit-time")
        return;
      out.seconds = metric->sum();
      for (const auto& bucket : metric->buckets())
        out.commits += bucket.count.value();
    } else if constexpr (std::is_same_v<metric_type, caf::telemetry::int_histogram>) {
      if (family->name() == "batch-size")
        out.units = metric->sum();
    }
  };
  system.metrics().collect(collector);
  return out;
}

void measure(const std::filesystem::path& folder, std::size_t athletes, double lasts) {
  stage where{folder, athletes};
  const auto epochs =
    persistence::take_all_shards(where.connection(database_role::writer), domain::make_uuid_v7());
  server::actor_runtime runtime{0};
  auto& system = runtime.system();
  persistence::writer_settings writing;
  writing.connection = where.connection(database_role::writer);
  const auto writer = persistence::spawn_writer(system, writing);
  persistence::reader_settings reading;
  reading.connection = where.connection(database_role::reader);
  const auto reader = persistence::spawn_reader(system, reading);

  caf::scoped_actor self{system};
  std::vector<shard_actor> shards;
  for (std::size_t i = 0; i < epochs.size(); ++i) {
    auto env = std::make_shared<actors::session_environment>();
    env->epoch = epochs[i];
    env->writer = writer;
    env->reader = reader;
    shards.push_back(actors::spawn_shard(system, std::move(env), {}));
  }
  for (const auto& user : where.users())
    self->request(shards[user.bytes[15]], caf::infinite, get_session{user})
      .receive(
        [&](const session_found& found) {
          system.spawn<caf::stateful_actor<athlete_state>>(user, where.exercise(), found.session);
        },
        [](const caf::error& why) { fail(caf::to_string(why)); });

  std::this_thread::sleep_for(std::chrono::seconds{1}); // warm up
  const auto before = read_figures(system);
  const auto logged_before = logged.load();
  std::this_thread::sleep_for(std::chrono::duration<double>(lasts));
  const auto after = read_figures(system);
  const auto commits =
    static_cast<double>(std::max<std::int64_t>(1, after.commits - before.commits));
  std::printf("{\"units_per_second\":%.0f,\"units_in_commit\":%.2f,\"commit_ms\":%.4f}\n",
              static_cast<double>(logged.load() - logged_before) / lasts,
              static_cast<double>(after.units - before.units) / commits,
              (after.seconds - before.seconds) * 1000 / commits);
  std::fflush(stdout);
  spdlog::set_level(spdlog::level::off); // that the database goes away is no news
  where.stop();
  std::filesystem::remove_all(folder);
  std::_Exit(0); // the athletes would never end
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: write_path ATHLETES SECONDS FOLDER\n");
    return 2;
  }
  try {
    measure(argv[3], std::stoul(argv[1]), std::stod(argv[2]));
  } catch (const std::exception& why) {
    std::fprintf(stderr, "write_path: %s\n", why.what());
  }
  return 1;
}
