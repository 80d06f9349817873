#include "server/role_command.hpp"

#include "persistence/connection.hpp"
#include "server/embedded_access.hpp"

#include <cstdio>

namespace spotter::server {

namespace {

int fail(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  return 1;
}

} // namespace

int run_role(const std::string& server, const std::filesystem::path& data_folder,
             const std::string& email, const std::string& role) {
  embedded_access embedded; // lives until the work is done
  persistence::connection_settings settings;
  settings.role = persistence::database_role::migrator;
  settings.application_name = "spotterd role";
  settings.server = server;
  if (server.empty()) {
    auto opened = open_embedded(data_folder, true);
    if (!opened)
      return fail(opened.error());
    embedded = *std::move(opened);
    settings.server = embedded.server;
  }
  try {
    auto connection = persistence::connect(settings);
    pqxx::work tx{connection};
    const auto known =
      tx.query_value<bool>("SELECT spotter.set_role($1, $2)", pqxx::params{email, role});
    tx.commit();
    if (!known)
      return fail("There is no account with the address " + email + ".");
  } catch (const std::exception& why) {
    return fail(why.what());
  }
  std::printf("%s is %s now. Access tokens carry the role: it counts from the next one on, which "
              "signing in again or a refresh brings.\n",
              email.c_str(), role.c_str());
  return 0;
}

} // namespace spotter::server
