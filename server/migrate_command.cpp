#include "server/migrate_command.hpp"

#include "persistence/migrator.hpp"
#include "server/embedded_access.hpp"

#include <cstdio>

namespace spotter::server {

namespace {

using namespace persistence;

int fail(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  return 1;
}

const char* describe(migration_status::state state) {
  switch (state) {
    case migration_status::state::applied:
      return "applied";
    case migration_status::state::pending:
      return "pending";
    case migration_status::state::changed:
      return "CHANGED SINCE";
    case migration_status::state::unknown:
      return "unknown to this program";
  }
  return "";
}

int print_status(const migrator& migrations) {
  const auto all = migrations.status();
  if (!all)
    return fail(all.error().message);
  for (const auto& one : *all) {
    std::printf("%04d  %-32s %s", one.version, one.name.c_str(), describe(one.now));
    if (!one.applied_at.empty())
      std::printf(" %s (%lld ms)", one.applied_at.c_str(), static_cast<long long>(one.duration_ms));
    std::printf("\n");
  }
  return 0;
}

int print_steps(const migration_result<std::vector<migration_step>>& steps, const char* verb) {
  if (!steps)
    return fail(steps.error().message);
  for (const auto& step : *steps)
    std::printf("%s %04d_%s in %lld ms%s\n", verb, step.version, step.name.c_str(),
                static_cast<long long>(step.duration.count()),
                step.tries > 1 ? (" after " + std::to_string(step.tries) + " tries").c_str() : "");
  if (steps->empty())
    std::printf("Nothing to do.\n");
  return 0;
}

int create(const migrate_options& options) {
  const auto made = write_new_migration(options.folder, options.name);
  if (!made)
    return fail(made.error().message);
  std::printf("%s\n%s\n", made->first.c_str(), made->second.c_str());
  return 0;
}

} // namespace

int run_migrate(const migrate_options& options) {
  using action = migrate_options::action;
  if (options.what == action::create)
    return create(options);
  if (options.what == action::down && !options.to)
    return fail("Say to which version: `migrate down N`; 0 takes down everything, and all data "
                "with it.");
  auto files = options.from_folder ? read_migrations(options.folder) : embedded_migrations();
  if (!files)
    return fail(files.error().message);

  embedded_access embedded; // lives until the work is done
  connection_settings settings;
  settings.role = database_role::migrator;
  settings.application_name = "spotterd migrate";
  settings.server = options.server;
  if (options.server.empty()) {
    auto opened = open_embedded(options.data_folder, options.what != action::up);
    if (!opened)
      return fail(opened.error());
    embedded = *std::move(opened);
    settings.server = embedded.server;
  }
  migrator_options patience;
  patience.report = [](const std::string& what) { std::fprintf(stderr, "%s\n", what.c_str()); };
  const migrator migrations{settings, *std::move(files), patience};
  switch (options.what) {
    case action::status:
      return print_status(migrations);
    case action::up:
      return print_steps(migrations.up(options.to), "applied");
    case action::down:
      return print_steps(migrations.down(*options.to), "took down");
    case action::create:
      break;
  }
  return 0;
}

} // namespace spotter::server
