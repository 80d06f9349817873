#include "server/embedded_access.hpp"

#include "persistence/cluster_folder.hpp"

namespace spotter::server {

domain::expected<embedded_access, std::string> open_embedded(
  const std::filesystem::path& data_folder, bool must_exist) {
  embedded_access access;
  if (persistence::holder_of(data_folder)) {
    access.server = "host='" + persistence::socket_folder_of(data_folder).string()
                    + "' port='5432' dbname='spotter'";
    access.superuser = persistence::running_superuser_connection_string(data_folder);
    return access;
  }
  std::error_code error;
  if (must_exist && !std::filesystem::exists(data_folder / "postgres" / "PG_VERSION", error))
    return "There is no database in " + data_folder.string()
           + " yet: start the server once, or name its data folder.";
  auto started = persistence::embedded_postgres::start(data_folder);
  if (!started)
    return started.error();
  access.temporary = *std::move(started);
  access.server = access.temporary->server();
  access.superuser = access.temporary->superuser_connection_string();
  return access;
}

} // namespace spotter::server
