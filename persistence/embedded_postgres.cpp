#include "persistence/embedded_postgres.hpp"

#include "embedded/migrations.hpp"
#include "persistence/cluster_folder.hpp"
#include "persistence/open_file.hpp"
#include "persistence/postgres_binaries.hpp"
#include "persistence/postgres_supervisor.hpp"
#include "persistence/server_settings.hpp"

#include <fcntl.h>
#include <libpq-fe.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <thread>

namespace spotter::persistence {

namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using clock = std::chrono::steady_clock;

template <class T>
using or_why = domain::expected<T, std::string>;

std::vector<std::string> child_environment() {
  std::vector<std::string> out{"LC_ALL=C"}; // messages in the log; not the cluster's locale
  for (const char* name : {"PATH", "TZDIR", "LD_LIBRARY_PATH"})
    if (const char* value = std::getenv(name))
      out.push_back(std::string{name} + "=" + value);
  return out;
}

or_why<os_user> server_user() {
  if (::geteuid() == 0) {
    for (const char* name : {"postgres", "nobody"})
      if (auto user = find_os_user(name))
        return *user;
    return std::string{"PostgreSQL does not run as root, and this machine has neither a user "
                       "'postgres' nor 'nobody' to run it as."};
  }
  if (auto user = current_os_user())
    return *user;
  return "PostgreSQL needs a user with a name, and user id " + std::to_string(::geteuid())
         + " has none in /etc/passwd.";
}

/// A folder as a child of another user can reach it: that user may not pass through the folders
/// above (a data folder below /root, for one), but what is open already needs no way there.
struct shown_folder {
  open_file handle;
  std::string path;
  std::vector<int> kept;
};

or_why<shown_folder> show(const fs::path& folder, bool to_another_user) {
  if (!to_another_user)
    return shown_folder{open_file{}, folder.string(), {}};
  open_file first{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  // A number that the child won't use for anything else.
  open_file high{first.number() < 0 ? -1 : ::fcntl(first.number(), F_DUPFD_CLOEXEC, 100)};
  if (high.number() < 0)
    return "Can't open " + folder.string() + ": " + std::strerror(errno);
  const int number = high.number();
  return shown_folder{std::move(high), "/proc/self/fd/" + std::to_string(number), {number}};
}

std::optional<std::string> make_cluster(const cluster_folder& folder,
                                        const postgres_binaries& binaries,
                                        const std::optional<os_user>& user, bool durable) {
  std::string said;
  // C.UTF-8 sorts by code point and knows the letters of all scripts; not every libc has it.
  for (const char* locale : {"C.UTF-8", "C"}) {
    auto scratch = folder.make_scratch();
    if (!scratch)
      return scratch.error();
    auto shown = show(*scratch, user.has_value());
    if (!shown)
      return shown.error();
    child_options initdb;
    initdb.command = {binaries.path("initdb"),
                      "--pgdata",
                      shown->path,
                      "--encoding=UTF8",
                      std::string{"--locale="} + locale,
                      "--auth=peer",
                      "--data-checksums",
                      std::string{"--username="} + embedded_superuser};
    if (!durable)
      initdb.command.emplace_back("--no-sync");
    initdb.environment = child_environment();
    initdb.user = user;
    initdb.kept_files = shown->kept;
    initdb.death_signal = SIGKILL;
    const auto result = run_command(std::move(initdb));
    if (result.status == 0) {
      // Whole or not there at all, whenever this process is killed.
      if (::rename(scratch->c_str(), folder.cluster().c_str()) != 0)
        return "Can't put the new cluster at " + folder.cluster().string() + ": "
               + std::strerror(errno);
      return std::nullopt;
    }
    said = result.output;
  }
  return "initdb failed: " + said;
}

std::string quoted(const std::string& name) {
  return "\"" + name + "\"";
}

// Who may come in is decided here, at every start, whatever the files said before.
bool write_access_rules(const cluster_folder& folder, const os_user& server) {
  std::string map = "# Written at every start. OS user -> role\n";
  std::vector<std::string> people{server.name};
  if (auto self = current_os_user(); self && self->name != server.name)
    people.push_back(self->name);
  for (const auto& person : people)
    for (std::string_view role :
         {std::string_view{embedded_superuser}, login_name(database_role::migrator),
          login_name(database_role::reader), login_name(database_role::writer)})
      map += "spotter " + quoted(person) + " " + std::string{role} + "\n";
  return folder.write("pg_hba.conf", "# Written at every start.\nlocal all all peer map=spotter\n")
         && folder.write("pg_ident.conf", map);
}

std::string_view bootstrap_sql() {
  for (const auto& file : embedded::migrations())
    if (file.name == "bootstrap.sql")
      return file.content;
  return {};
}

connection_settings superuser_settings(const std::string& server) {
  connection_settings settings;
  settings.server = server;
  settings.user = embedded_superuser;
  settings.application_name = "spotter superuser";
  settings.statement_timeout = milliseconds{0}; // people's queries take as long as they take
  return settings;
}

std::string server_at(const fs::path& socket_folder, const std::string& database) {
  return "host='" + socket_folder.string() + "' port='5432' dbname='" + database + "'";
}

std::optional<std::string> bootstrap(const fs::path& socket_folder, const std::string& database) {
  try {
    auto connection = connect(superuser_settings(server_at(socket_folder, "postgres")));
    pqxx::nontransaction tx{connection};
    tx.exec(std::string{bootstrap_sql()});
    const auto name = connection.quote_name(database);
    if (!tx.query_value<bool>("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)",
                              pqxx::params{database}))
      tx.exec("CREATE DATABASE " + name
              + " OWNER spotter_owner ENCODING 'UTF8' TEMPLATE template0");
    tx.exec("REVOKE ALL ON DATABASE " + name + " FROM PUBLIC");
    tx.exec("GRANT CONNECT ON DATABASE " + name
            + " TO spotter_migrator, spotter_reader, spotter_writer");
    // For people in psql.
    tx.exec("ALTER ROLE " + std::string{embedded_superuser} + " IN DATABASE " + name
            + " SET search_path = spotter, public");
    return std::nullopt;
  } catch (const pqxx::failure& error) {
    return std::string{"Setting up the embedded database failed: "} + error.what();
  }
}

// Asks the program itself whether it knows every setting.
bool accepts(child_options child, std::vector<std::string> command) {
  command.insert(command.end(), {"-C", "wal_compression"});
  child.command = std::move(command);
  return run_command(std::move(child)).status == 0;
}

} // namespace

/// All that has to live as long as the server.
struct embedded_postgres::parts {
  cluster_folder folder;
  std::string database;
  std::vector<shown_folder> shown;
  std::optional<postgres_supervisor> supervisor;

  [[nodiscard]] std::string server(const std::string& name) const {
    return server_at(folder.socket_folder(), name);
  }

  std::optional<std::string> prepare(const os_user& user,
                                     const embedded_postgres_options& options) {
    if (!folder.end_leftovers(options.stop_limit))
      return "An earlier PostgreSQL still runs in " + folder.cluster().string()
             + " and could not be ended.";
    auto binaries = find_postgres(folder.major());
    if (!binaries)
      return binaries.error();
    child_options child;
    child.environment = child_environment();
    child.death_signal = SIGINT; // a fast shutdown
    if (::geteuid() == 0)
      child.user = user;
    if (!folder.has_cluster())
      if (auto why = make_cluster(folder, *binaries, child.user, options.durable))
        return why;
    if (!write_access_rules(folder, user))
      return "Can't write the access rules into " + folder.cluster().string() + ": "
             + std::strerror(errno);
    for (const auto& path : {folder.cluster(), folder.socket_folder()}) {
      auto seen = show(path, child.user.has_value());
      if (!seen)
        return seen.error();
      child.kept_files.insert(child.kept_files.end(), seen->kept.begin(), seen->kept.end());
      shown.push_back(*std::move(seen));
    }
    server_settings settings{shown[0].path, shown[1].path, options.max_connections, options.durable,
                             true};
    settings.lz4 = accepts(child, server_command(*binaries, settings));
    child.command = server_command(*binaries, settings);
    supervisor.emplace(folder, std::move(child),
                       supervision{options.stop_limit, options.first_backoff, options.report});
    return std::nullopt;
  }

  std::optional<std::string> wait_until_it_answers(milliseconds limit) {
    const auto deadline = clock::now() + limit;
    auto settings = superuser_settings(server("postgres"));
    settings.connect_timeout = std::chrono::seconds{2};
    const auto target = persistence::connection_string(settings);
    while (PQping(target.c_str()) != PQPING_OK) {
      const bool died = supervisor->deaths() > 0;
      if (died || clock::now() >= deadline) {
        supervisor->stop();
        return std::string{died ? "The embedded PostgreSQL did not start."
                                : "The embedded PostgreSQL does not answer yet."}
               + " Its log ends with:\n" + folder.log_tail();
      }
      std::this_thread::sleep_for(milliseconds{20});
    }
    return std::nullopt;
  }
};

domain::expected<std::unique_ptr<embedded_postgres>, std::string> embedded_postgres::start(
  const fs::path& data_folder, embedded_postgres_options options) {
  auto user = server_user();
  if (!user)
    return user.error();
  auto folder = cluster_folder::open(data_folder, *user);
  if (!folder)
    return folder.error();
  std::unique_ptr<parts> made{new parts{*std::move(folder), options.database, {}, std::nullopt}};
  if (auto why = made->prepare(*user, options))
    return *why;
  made->supervisor->start();
  if (auto why = made->wait_until_it_answers(options.start_limit))
    return *why;
  if (auto why = bootstrap(made->folder.socket_folder(), options.database))
    return *why;
  return std::unique_ptr<embedded_postgres>{new embedded_postgres{std::move(made)}};
}

embedded_postgres::embedded_postgres(std::unique_ptr<parts> made) : parts_{std::move(made)} {}

embedded_postgres::~embedded_postgres() = default;

std::string embedded_postgres::server() const {
  return parts_->server(parts_->database);
}

std::string embedded_postgres::connection_string(database_role role) const {
  connection_settings settings;
  settings.server = server();
  settings.role = role;
  return persistence::connection_string(settings);
}

std::string embedded_postgres::superuser_connection_string() const {
  return persistence::connection_string(superuser_settings(server()));
}

bool embedded_postgres::alive() const noexcept {
  return parts_->supervisor->process() != 0;
}

std::uint64_t embedded_postgres::restarts() const noexcept {
  return parts_->supervisor->restarts();
}

int embedded_postgres::process() const noexcept {
  return parts_->supervisor->process();
}

void embedded_postgres::stop() {
  parts_->supervisor->stop();
}

std::string running_superuser_connection_string(const fs::path& data_folder,
                                                const std::string& database) {
  return connection_string(superuser_settings(server_at(socket_folder_of(data_folder), database)));
}

} // namespace spotter::persistence
