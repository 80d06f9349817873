#include "config/settings.hpp"
#include "server/cluster_command.hpp"
#include "server/core_dumps.hpp"
#include "server/database_command.hpp"
#include "server/database_servers.hpp"
#include "server/keys_command.hpp"
#include "server/migrate_command.hpp"
#include "server/psql_command.hpp"
#include "server/role_command.hpp"
#include "server/serve.hpp"

#include <CLI/CLI.hpp>

#include <fstream>
#include <iostream>
#include <sstream>

namespace {

using namespace spotter;

/// Reads the settings from `file` (may be empty) and the environment, or says all that is wrong and
/// leaves.
config::settings load_settings(const std::string& file, bool clustered) {
  std::string text;
  if (!file.empty()) {
    std::ifstream in{file};
    if (!in) {
      std::cerr << "spotterd: can't read the configuration file " << file << '\n';
      std::exit(2);
    }
    std::ostringstream content;
    content << in.rdbuf();
    text = content.str();
  }
  const auto environment = [clustered](const std::string& name) {
    if (clustered && name == "SPOTTER_CLUSTER_ENABLED")
      return std::optional<std::string>{"true"};
    return config::process_environment(name);
  };
  auto loaded = config::load(text, environment);
  if (const auto* errors = std::get_if<config::config_errors>(&loaded)) {
    std::cerr << "spotterd: the configuration is not valid:\n";
    for (const auto& error : *errors)
      std::cerr << "  " << error << '\n';
    std::exit(2);
  }
  return std::get<config::settings>(std::move(loaded));
}

/// `spotterd migrate status|up|down|new`.
void add_migrate_commands(CLI::App& migrate, server::migrate_options& options) {
  using action = server::migrate_options::action;
  migrate.require_subcommand(1);
  const auto on = [&options](CLI::App* command, action what) {
    command->callback([&options, what] { options.what = what; });
    return command;
  };
  on(migrate.add_subcommand("status", "List every migration and where it stands"), action::status);
  auto* up = on(migrate.add_subcommand("up", "Apply what is pending"), action::up);
  up->add_option("--to", options.to, "Stop after this version");
  auto* down =
    on(migrate.add_subcommand("down", "Take down what is above a version"), action::down);
  down->add_option("to", options.to, "The version to keep; 0 takes down all")->required();
  auto* fresh = on(migrate.add_subcommand("new", "Write an empty pair of files"), action::create);
  fresh->add_option("name", options.name, "What it does, as add_set_rpe")->required();
  fresh->add_option("--folder", options.folder, "Where to write it")->capture_default_str();
  for (auto* command : {up, down})
    command->add_flag("--from-folder", options.from_folder,
                      "Use the files of ./migrations, not those of this program");
}

/// `spotterd cluster status|drain|rebalance`.
void add_cluster_commands(CLI::App& cluster, server::cluster_options& options) {
  using action = server::cluster_options::action;
  cluster.require_subcommand(1);
  cluster.add_subcommand("status", "List nodes, leases and shards")->callback([&options] {
    options.what = action::status;
  });
  auto* drain = cluster.add_subcommand("drain", "Have a node give its shards to the others");
  drain->add_option("node", options.node_id, "The node's name")->required();
  drain->callback([&options] { options.what = action::drain; });
  cluster.add_subcommand("rebalance", "Have the places of all shards looked at anew")
    ->callback([&options] { options.what = action::rebalance; });
}

/// Where the database is, past any pooler, or says what is wrong and leaves. Empty: the embedded one.
std::string direct_server(const config::settings& settings) {
  try {
    return server::read_database_servers(settings).direct;
  } catch (const std::exception& why) {
    std::cerr << "spotterd: " << why.what() << '\n';
    std::exit(1);
  }
}

/// `spotterd keys list|rotate|status`.
void add_keys_commands(CLI::App& keys, server::keys_options& options) {
  using action = server::keys_options::action;
  keys.require_subcommand(1);
  keys.add_subcommand("list", "List the keys of access tokens")->callback([&options] {
    options.what = action::list;
  });
  keys.add_subcommand("rotate", "Replace the key of access tokens; nobody is signed out")
    ->callback([&options] { options.what = action::rotate; });
  keys.add_subcommand("status", "List the sealing keys, and which may be removed")
    ->callback([&options] { options.what = action::status; });
}

} // namespace

int main(int argc, char** argv) {
  CLI::App app{"Spotter: a reactive workout server.", "spotterd"};
  app.require_subcommand(1);
  std::string file = config::process_environment("SPOTTER_CONFIG").value_or("");
  app.add_option("-c,--config", file, "TOML file with settings; also SPOTTER_CONFIG");

  auto* serve = app.add_subcommand("serve", "Serve in the foreground until SIGTERM or Ctrl-C");
  bool clustered = false;
  serve->add_flag("--cluster", clustered, "As one of several nodes; see [cluster] of the settings");
  auto* config = app.add_subcommand("config", "Print every setting with its default and meaning");
  auto* migrate = app.add_subcommand("migrate", "Look at or change the database's schema");
  server::migrate_options migration;
  add_migrate_commands(*migrate, migration);
  auto* psql = app.add_subcommand("psql", "Open psql on the embedded database, as its owner");
  psql->prefix_command();
  auto* database =
    app.add_subcommand("database", "Run the embedded database alone, for nodes on this machine");
  int connections = 300;
  database->add_option("--connections", connections, "Of all nodes together")
    ->check(CLI::Range(20, 10000))
    ->capture_default_str();

  auto* cluster = app.add_subcommand("cluster", "Look at or change a cluster");
  server::cluster_options clustering;
  add_cluster_commands(*cluster, clustering);
  auto* keys = app.add_subcommand("keys", "Look at or replace keys");
  server::keys_options key_options;
  add_keys_commands(*keys, key_options);
  auto* role = app.add_subcommand("role", "Say what an account may do");
  std::string email;
  std::string role_name;
  role->add_option("email", email, "The account's address")->required();
  role->add_option("role", role_name, "member, coach or admin")
    ->required()
    ->check(CLI::IsMember({"member", "coach", "admin"}));

  CLI11_PARSE(app, argc, argv);
  if (*config) {
    std::cout << config::documented_defaults();
    return 0;
  }
  const auto settings = load_settings(file, clustered);
  if ((*serve || *keys) && !settings.core_dumps)
    server::forbid_core_dumps();
  if (*serve) {
    server::block_ending_signals();
    return server::serve(settings);
  }
  if (*database) {
    server::block_ending_signals();
    return server::run_database(settings.data, connections);
  }
  if (*psql)
    return server::run_psql(settings.data, psql->remaining());
  // Past any pooler, as these hold their connection.
  const auto direct = direct_server(settings);
  if (*migrate) {
    migration.server = direct;
    migration.data_folder = settings.data;
    return server::run_migrate(migration);
  }
  if (*cluster) {
    clustering.server = direct;
    clustering.data_folder = settings.data;
    return server::run_cluster(clustering);
  }
  if (*keys) {
    key_options.server = direct;
    return server::run_keys(settings, key_options);
  }
  return server::run_role(direct, settings.data, email, role_name);
}
