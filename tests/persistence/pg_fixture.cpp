#include "tests/persistence/pg_fixture.hpp"

#include "persistence/child_process.hpp"
#include "persistence/postgres_binaries.hpp"

#include <cstdlib>
#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>

namespace spotter::tests {

using namespace spotter::persistence;

temporary_folder::temporary_folder() {
  std::string pattern = "/tmp/spotter-test-XXXXXX";
  if (!::mkdtemp(pattern.data()))
    throw std::runtime_error{"mkdtemp failed"};
  path_ = pattern;
}

temporary_folder::~temporary_folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

namespace {

const std::filesystem::path& cluster_folder_path() {
  static const temporary_folder folder;
  return folder.path();
}

} // namespace

embedded_postgres& cluster() {
  static const auto folder = cluster_folder_path(); // goes away after the server
  static const std::unique_ptr<embedded_postgres> running = [] {
    embedded_postgres_options options;
    options.durable = false;
    options.database = "spotter_template";
    auto started = embedded_postgres::start(folder, options);
    if (!started)
      throw std::runtime_error{started.error()};
    return *std::move(started);
  }();
  return *running;
}

std::string cluster_log() {
  std::ifstream in{cluster_folder_path() / "postgres.log", std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

namespace {

connection_settings superuser_of(const std::string& database) {
  connection_settings settings;
  settings.server = cluster().superuser_connection_string() + " dbname='" + database + "'";
  settings.user = embedded_superuser;
  settings.application_name = "spotter test";
  settings.statement_timeout = std::chrono::milliseconds{120'000};
  return settings;
}

void on_cluster(const std::string& sql) {
  auto connection = connect(superuser_of("postgres"));
  pqxx::nontransaction{connection}.exec(sql);
}

const std::string& migrated_template() {
  static const std::string name = [] {
    const std::string made = "spotter_template";
    connection_settings settings;
    settings.server = cluster().server();
    settings.role = database_role::migrator;
    auto migrations = embedded_migrations();
    if (!migrations)
      throw std::runtime_error{migrations.error().message};
    auto done = migrator{settings, *std::move(migrations)}.up();
    if (!done)
      throw std::runtime_error{done.error().message};
    return made;
  }();
  return name;
}

} // namespace

test_database::test_database(content what) {
  static int number = 0;
  name_ = "spotter_test_" + std::to_string(++number);
  if (what == content::migrated)
    on_cluster("CREATE DATABASE " + name_ + " OWNER spotter_owner TEMPLATE " + migrated_template()
               + " STRATEGY file_copy");
  else
    on_cluster("CREATE DATABASE " + name_ + " OWNER spotter_owner TEMPLATE template0");
}

test_database::~test_database() {
  try {
    on_cluster("DROP DATABASE " + name_ + " WITH (FORCE)");
  } catch (const std::exception&) {
    // The cluster ends with the program anyway.
  }
}

std::string test_database::server() const {
  return cluster().server() + " dbname='" + name_ + "'";
}

connection_settings test_database::settings(database_role role) const {
  connection_settings settings;
  settings.server = server();
  settings.role = role;
  settings.application_name = "spotter test";
  return settings;
}

pqxx::connection test_database::connect(database_role role) const {
  return persistence::connect(settings(role));
}

std::string test_database::superuser_string() const {
  return connection_string(superuser_of(name_));
}

pqxx::connection test_database::superuser() const {
  return pqxx::connection{superuser_string()};
}

domain::uuid test_database::add_user() const {
  const auto id = domain::make_uuid_v7();
  auto connection = superuser();
  pqxx::nontransaction{connection}.exec(
    "INSERT INTO spotter.app_user (user_id, email, password_hash)"
    " VALUES ($1::text::uuid, $1::text || '@example', '')",
    pqxx::params{domain::to_string(id)});
  return id;
}

std::string dump_schema(const test_database& database) {
  auto binaries = find_postgres();
  if (!binaries)
    throw std::runtime_error{binaries.error()};
  auto settings = superuser_of(database.name());
  std::string dump;
  // pg_dump's output is larger than what run_command keeps, so it goes through a file.
  const temporary_folder folder;
  const auto file = folder.path() / "schema.sql";
  const auto result = run_command(
    {{binaries->path("pg_dump"), "--schema-only", "--exclude-table=spotter.spotter_migration",
      "--file=" + file.string(), "--dbname=" + connection_string(settings)},
     {"LC_ALL=C"},
     {},
     {},
     -1,
     0});
  if (result.status != 0)
    throw std::runtime_error{"pg_dump: " + result.output};
  std::ostringstream out;
  std::ifstream in{file};
  for (std::string line; std::getline(in, line);)
    if (!line.empty() && !line.starts_with("--") && !line.starts_with("\\"))
      out << line << '\n'; // without comments and the random \restrict key
  return out.str();
}

} // namespace spotter::tests
