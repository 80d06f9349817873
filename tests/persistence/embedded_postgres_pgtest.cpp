#include "persistence/embedded_postgres.hpp"

#include "persistence/cluster_folder.hpp"
#include "tests/persistence/pg_fixture.hpp"

#define CAF_SUITE embedded_postgres
#include "caf/test/dsl.hpp"

#include <fstream>
#include <mutex>

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace spotter;
using namespace spotter::persistence;
using spotter::tests::temporary_folder;
using std::chrono::milliseconds;

namespace {

/// For tests that kill nothing.
embedded_postgres_options quick() {
  embedded_postgres_options options;
  options.durable = false;
  return options;
}

std::unique_ptr<embedded_postgres> start(const std::filesystem::path& folder,
                                         embedded_postgres_options options = {}) {
  options.first_backoff = milliseconds{10};
  auto started = embedded_postgres::start(folder, std::move(options));
  if (!started)
    CAF_FAIL(started.error());
  return *std::move(started);
}

void run(const embedded_postgres& postgres, const std::string& sql) {
  pqxx::connection connection{postgres.superuser_connection_string()};
  pqxx::nontransaction{connection}.exec(sql);
}

template <class T>
T ask(const embedded_postgres& postgres, const std::string& sql) {
  pqxx::connection connection{postgres.superuser_connection_string()};
  return pqxx::nontransaction{connection}.query_value<T>(sql);
}

/// Connects again until the server is back: what the server's own actors do.
template <class T>
T ask_patiently(const embedded_postgres& postgres, const std::string& sql) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{30};
  for (;;)
    try {
      return ask<T>(postgres, sql);
    } catch (const pqxx::failure&) {
      if (std::chrono::steady_clock::now() > deadline)
        throw;
    }
}

/// Another process that holds the cluster until it is killed.
struct other_holder {
  pid_t process = 0;
  int postgres = 0;

  explicit other_holder(const std::filesystem::path& folder) {
    int told[2];
    CAF_REQUIRE_EQUAL(::pipe2(told, O_CLOEXEC), 0);
    process = ::fork();
    if (process == 0) {
      auto started = embedded_postgres::start(folder);
      int id = started ? (*started)->process() : -1;
      if (started)
        run(**started, "CREATE TABLE survivor AS SELECT 1 AS x");
      [[maybe_unused]] auto ignored = ::write(told[1], &id, sizeof id);
      for (;;)
        ::pause();
    }
    ::close(told[1]);
    CAF_REQUIRE_EQUAL(::read(told[0], &postgres, sizeof postgres),
                      static_cast<ssize_t>(sizeof postgres));
    ::close(told[0]);
    CAF_REQUIRE(postgres > 0);
  }

  void kill() {
    ::kill(process, SIGKILL);
    ::waitpid(process, nullptr, 0);
  }
};

} // namespace

CAF_TEST(gives the roles a database on a private socket and stops) {
  const temporary_folder folder;
  auto postgres = start(folder.path());
  CAF_CHECK(postgres->alive());
  for (auto role : {database_role::reader, database_role::writer, database_role::migrator}) {
    pqxx::connection connection{postgres->connection_string(role)};
    pqxx::nontransaction tx{connection};
    CAF_CHECK_EQUAL(tx.query_value<std::string>("SELECT current_user"), login_name(role));
    CAF_CHECK_EQUAL(tx.query_value<std::string>("SELECT current_database()"), "spotter");
    CAF_CHECK(!tx.query_value<bool>("SELECT rolsuper OR rolbypassrls OR rolcreaterole FROM "
                                    "pg_roles WHERE rolname = current_user"));
  }
  CAF_CHECK_EQUAL(ask<std::string>(*postgres, "SHOW listen_addresses"), "");
  CAF_CHECK_EQUAL(ask<std::string>(*postgres, "SHOW fsync"), "on");
  CAF_CHECK_EQUAL(ask<std::string>(*postgres, "SHOW jit"), "off");
  CAF_CHECK_EQUAL(ask<std::string>(*postgres, "SHOW server_encoding"), "UTF8");
  const auto process = postgres->process();
  postgres->stop();
  CAF_CHECK(!postgres->alive());
  CAF_CHECK(::kill(process, 0) != 0);
}

CAF_TEST(keeps its data from one start to the next) {
  const temporary_folder folder;
  run(*start(folder.path(), quick()), "CREATE TABLE kept AS SELECT 42 AS x");
  auto again = start(folder.path(), quick());
  CAF_CHECK_EQUAL(ask<int>(*again, "SELECT x FROM kept"), 42);
}

CAF_TEST(works below a folder that its own user may not enter) {
  const temporary_folder folder;
  const auto locked = folder.path() / "locked";
  std::filesystem::create_directory(locked);
  ::chmod(locked.c_str(), 0700);
  auto postgres = start(locked / "data", quick());
  CAF_CHECK_EQUAL(ask<int>(*postgres, "SELECT 1"), 1);
}

CAF_TEST(finds a short place for its socket when the path is too long for one) {
  const temporary_folder folder;
  const auto deep = folder.path() / std::string(90, 'd');
  auto postgres = start(deep, quick());
  CAF_CHECK_EQUAL(ask<int>(*postgres, "SELECT 1"), 1);
  const auto socket = socket_folder_of(deep);
  CAF_CHECK(socket.string().starts_with("/tmp/spotter-"));
  postgres.reset();
  std::filesystem::remove_all(socket);
}

CAF_TEST(is started again when it is killed and loses nothing committed) {
  const temporary_folder folder;
  std::mutex mutex;
  std::string said;
  embedded_postgres_options options;
  options.report = [&](const std::string& what) {
    std::lock_guard guard{mutex};
    said += what;
  };
  auto postgres = start(folder.path(), options);
  run(*postgres, "CREATE TABLE counted (x int)");
  for (int round = 1; round <= 3; ++round) {
    run(*postgres, "INSERT INTO counted VALUES (1)");
    const auto killed = postgres->process();
    ::kill(killed, SIGKILL);
    CAF_REQUIRE(wait_for_exit(killed, milliseconds{10'000}));
    CAF_CHECK_EQUAL(ask_patiently<int>(*postgres, "SELECT count(*) FROM counted"), round);
  }
  CAF_CHECK_EQUAL(postgres->restarts(), 3u);
  std::lock_guard guard{mutex};
  CAF_CHECK(said.find("killed by signal 9") != std::string::npos);
}

CAF_TEST(ends with its holder and the next one starts from what is there) {
  const temporary_folder folder;
  other_holder other{folder.path()};
  CAF_CHECK_EQUAL(holder_of(folder.path()).value_or(0), other.process);
  auto refused = embedded_postgres::start(folder.path());
  CAF_REQUIRE(!refused.has_value());
  CAF_CHECK(refused.error().find("in use by process " + std::to_string(other.process))
            != std::string::npos);

  other.kill();
  auto next = start(folder.path());
  CAF_CHECK(wait_for_exit(other.postgres, milliseconds{0}));
  CAF_CHECK_EQUAL(ask<int>(*next, "SELECT x FROM survivor"), 1);
}

CAF_TEST(ends what an earlier holder left hanging) {
  const temporary_folder folder;
  other_holder other{folder.path()};
  // It can't obey the signal that its holder's death sends it.
  ::kill(other.postgres, SIGSTOP);
  other.kill();
  embedded_postgres_options options;
  options.stop_limit = milliseconds{200};
  auto next = start(folder.path(), options);
  CAF_CHECK(wait_for_exit(other.postgres, milliseconds{0}));
  CAF_CHECK_EQUAL(ask<int>(*next, "SELECT x FROM survivor"), 1);
}

CAF_TEST(a cluster that can not start is an error with the reason from its log) {
  const temporary_folder folder;
  start(folder.path(), quick());
  std::filesystem::remove(folder.path() / "postgres" / "global" / "pg_control");
  auto failed = embedded_postgres::start(folder.path());
  CAF_REQUIRE(!failed.has_value());
  CAF_CHECK(failed.error().find("did not start") != std::string::npos);
  CAF_CHECK(failed.error().find("pg_control") != std::string::npos);
}

CAF_TEST(a folder of another version says which server it needs) {
  const temporary_folder folder;
  start(folder.path(), quick());
  {
    std::ofstream version{folder.path() / "postgres" / "PG_VERSION"};
    version << "99\n";
  }
  auto failed = embedded_postgres::start(folder.path());
  CAF_REQUIRE(!failed.has_value());
  CAF_CHECK(failed.error().find("PostgreSQL 99 is not installed") != std::string::npos);
}
