#include "tests/persistence/pgbouncer.hpp"

#include "persistence/child_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <stdexcept>

namespace spotter::tests {

using namespace spotter::persistence;

namespace {

constexpr const char* port = "6432"; // only a part of the socket's name

/// Whom the cluster lets in besides us: PgBouncer does not run as root.
std::optional<os_user> runner() {
  if (::geteuid() != 0)
    return std::nullopt;
  auto user = find_os_user("postgres");
  return user ? user : find_os_user("nobody");
}

std::string value_of(const std::string& connection, const std::string& key) {
  const auto from = connection.find(key + "='") + key.size() + 2;
  return connection.substr(from, connection.find('\'', from) - from);
}

} // namespace

std::optional<std::string> pgbouncer::find() {
  for (const char* path : {"/usr/sbin/pgbouncer", "/usr/bin/pgbouncer", "/usr/local/bin/pgbouncer"})
    if (::access(path, X_OK) == 0)
      return path;
  return std::nullopt;
}

pgbouncer::pgbouncer(int server_connections) {
  const auto file = folder_.path() / "pgbouncer.ini";
  std::ofstream{folder_.path() / "users"} << "\"spotter_reader\" \"\"\n\"spotter_writer\" \"\"\n";
  std::ofstream{file} << "[databases]\n* = host=" << value_of(cluster().server(), "host")
                      << "\n[pgbouncer]\npool_mode = transaction\nlisten_port = " << port
                      << "\nunix_socket_dir = " << folder_.path().string()
                      << "\nauth_type = trust\nauth_file = " << (folder_.path() / "users").string()
                      << "\nmax_client_conn = 200\ndefault_pool_size = " << server_connections
                      << "\nlogfile = " << (folder_.path() / "log").string() << '\n';
  const auto user = runner();
  // The server has open handles to its folders; PgBouncer needs a way through those above.
  if (user)
    std::filesystem::permissions(
      std::filesystem::path{value_of(cluster().server(), "host")}.parent_path(),
      std::filesystem::perms::others_exec, std::filesystem::perm_options::add);
  if (user)
    for (const auto& path : {folder_.path(), file, folder_.path() / "users"})
      if (::chown(path.c_str(), user->uid, user->gid) != 0)
        throw std::runtime_error{"chown failed"};
  child_options options;
  options.command = {*find(), "-q", file.string()};
  options.environment = {"LC_ALL=C"};
  options.user = user;
  options.death_signal = SIGTERM;
  process_ = start_child(options);
  if (process_ < 0)
    throw std::runtime_error{"PgBouncer did not start"};
  const auto socket = folder_.path() / (std::string{".s.PGSQL."} + port);
  for (int tries = 0; !std::filesystem::exists(socket); ++tries) {
    if (tries > 1000 || wait_for_exit(process_, std::chrono::milliseconds{10})) {
      std::ifstream log{folder_.path() / "log"};
      throw std::runtime_error{"PgBouncer does not listen: "
                               + std::string{std::istreambuf_iterator<char>{log}, {}}};
    }
  }
}

pgbouncer::~pgbouncer() {
  ::kill(process_, SIGKILL);
  wait_for_exit(process_, std::chrono::seconds{10});
}

connection_settings pgbouncer::settings(const test_database& database, database_role role) const {
  auto out = database.settings(role);
  out.server =
    "host='" + folder_.path().string() + "' port=" + port + " dbname='" + database.name() + "'";
  out.pooled = true;
  return out;
}

} // namespace spotter::tests
