#include "persistence/migrator.hpp"

#include "persistence/migration_session.hpp"

#include <algorithm>
#include <map>
#include <ranges>

namespace spotter::persistence {

namespace {

// The one place where exceptions of libpqxx end.
template <class Work>
auto guarded(Work work) -> migration_result<decltype(work())> {
  try {
    return work();
  } catch (const migration_error& error) {
    return error.failure;
  } catch (const pqxx::sql_error& error) {
    return migration_failure{migration_fault::statement,
                             "SQLSTATE " + error.sqlstate() + ": " + error.what()};
  } catch (const pqxx::failure& error) {
    return migration_failure{migration_fault::connection,
                             std::string{"The database can't be reached: "} + error.what()};
  }
}

} // namespace

migrator::migrator(connection_settings settings, std::vector<migration> migrations,
                   migrator_options options)
  : settings_{std::move(settings)}, migrations_{std::move(migrations)}, options_{
                                                                          std::move(options)} {}

migration_result<std::vector<migration_status>> migrator::status() const {
  return guarded([this] {
    using state = migration_status::state;
    migration_session session{settings_, options_};
    session.become_owner();
    const auto applied = session.applied();
    const auto sums = session.checksums(migrations_);
    std::map<int, migration_status> all;
    for (const auto& known : migrations_)
      all[known.version] = {known.version, known.name, state::pending, {}, 0};
    for (const auto& [version, row] : applied) {
      const auto sum = sums.find(version);
      all[version] = {version, row.name,
                      sum == sums.end()             ? state::unknown
                      : sum->second != row.checksum ? state::changed
                                                    : state::applied,
                      row.applied_at, row.duration_ms};
    }
    std::vector<migration_status> out;
    for (auto& [version, status] : all)
      out.push_back(std::move(status));
    return out;
  });
}

migration_result<std::vector<migration_step>> migrator::up(std::optional<int> to) const {
  return guarded([this, to] {
    migration_session session{settings_, options_};
    session.lock();
    session.become_owner();
    session.prepare();
    const auto applied = session.applied();
    const auto sums = session.checksums(migrations_);
    for (const auto& known : migrations_) {
      const auto row = applied.find(known.version);
      if (row != applied.end() && row->second.checksum != sums.at(known.version))
        throw migration_error{
          {migration_fault::changed,
           known.stem() + ".up.sql has changed since it was applied on " + row->second.applied_at
             + " (its SHA-256 was " + row->second.checksum + " and is " + sums.at(known.version)
             + "). A landed migration is never edited: restore it and write a new one."}};
    }
    std::vector<migration_step> done;
    for (const auto& known : migrations_)
      if (!applied.contains(known.version) && (!to || known.version <= *to))
        done.push_back(session.perform(known, true));
    return done;
  });
}

migration_result<std::vector<migration_step>> migrator::down(int to) const {
  return guarded([this, to] {
    migration_session session{settings_, options_};
    session.lock();
    session.become_owner();
    session.prepare();
    const auto applied = session.applied();
    std::vector<migration_step> done;
    for (const auto& [version, row] : std::views::reverse(applied)) {
      if (version <= to)
        break;
      const auto known = std::ranges::find(migrations_, version, &migration::version);
      if (known == migrations_.end())
        throw migration_error{{migration_fault::unknown_version,
                               "This program has no file for the applied migration "
                                 + std::to_string(version) + " (" + row.name
                                 + "): take it down with the release that brought it."}};
      done.push_back(session.perform(*known, false));
    }
    return done;
  });
}

} // namespace spotter::persistence
