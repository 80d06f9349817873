#include "persistence/migration_session.hpp"

#include "persistence/sql_statements.hpp"
#include "persistence/sqlstate.hpp"

#include <charconv>
#include <random>
#include <thread>

namespace spotter::persistence {

namespace {

using clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// Beside the number of shards' fences (21328) and of audit partitions (21329).
constexpr int runner_lock = 21330;

milliseconds since(clock::time_point start) {
  return std::chrono::duration_cast<milliseconds>(clock::now() - start);
}

// The server counts lines from the statement's start; people look for them in the file.
int line_of(const std::string& message, int statement_line) {
  const std::string mark = "LINE ";
  const auto at = message.find(mark);
  int within = 1;
  if (at != std::string::npos)
    std::from_chars(message.data() + at + mark.size(), message.data() + message.size(), within);
  return statement_line + within - 1;
}

std::string shortened(const std::string& statement) {
  auto text = statement.substr(0, statement.find('\n'));
  if (text.size() > 100)
    text.resize(100);
  return text == statement ? text : text + " …";
}

migration_error statement_failed(const std::string& file, const sql_statement& statement,
                                 const pqxx::sql_error& error) {
  std::string why = error.what();
  while (!why.empty() && why.back() == '\n')
    why.pop_back();
  const bool lost = fault_of(error.sqlstate()) == database_fault::lost;
  return {{lost ? migration_fault::connection : migration_fault::statement,
           file + ":" + std::to_string(line_of(why, statement.line)) + ": SQLSTATE "
             + (error.sqlstate().empty() ? std::string{"(none)"} : error.sqlstate()) + " in '"
             + shortened(statement.text) + "': " + why}};
}

bool should_wait(const pqxx::sql_error& error) {
  return can_retry(fault_of(error.sqlstate()));
}

void remember(pqxx::transaction_base& tx, const migration& what, milliseconds took, bool up) {
  if (up)
    tx.exec("INSERT INTO spotter.spotter_migration (version, name, checksum, duration_ms) "
            "VALUES ($1, $2, encode(sha256(convert_to($3, 'UTF8')), 'hex'), $4)",
            pqxx::params{what.version, what.name, what.up, took.count()});
  else
    tx.exec("DELETE FROM spotter.spotter_migration WHERE version = $1", pqxx::params{what.version});
}

void refuse_transaction_control(const std::string& file,
                                const std::vector<sql_statement>& statements) {
  for (const auto& statement : statements) {
    const auto word = first_word(statement.text);
    if (word == "BEGIN" || word == "COMMIT" || word == "ROLLBACK" || word == "END"
        || word == "START")
      throw migration_error{{migration_fault::bad_file,
                             file + ":" + std::to_string(statement.line) + ": " + word
                               + " is not allowed: the migrator runs the file as one transaction "
                                 "(or says '-- spotter: no-transaction' at its top)."}};
  }
}

milliseconds jittered(milliseconds pause) {
  static thread_local std::mt19937_64 engine{std::random_device{}()};
  std::uniform_int_distribution<milliseconds::rep> spread{pause.count() / 2, pause.count() * 3 / 2};
  return milliseconds{spread(engine)};
}

connection_settings patient(connection_settings settings) {
  settings.application_name += " migrator";
  settings.statement_timeout = milliseconds{0}; // a migration takes as long as it takes
  return settings;
}

} // namespace

migration_session::migration_session(connection_settings settings, const migrator_options& options)
  : options_{options}, connection_{connect(patient(std::move(settings)))} {}

void migration_session::lock() {
  const auto deadline = clock::now() + options_.runner_wait;
  bool told = false;
  // Asked again and again instead of waited for: a statement that waits holds a snapshot, and
  // the other runner's CREATE INDEX CONCURRENTLY would wait for that in turn.
  while (!query<bool>("SELECT pg_try_advisory_lock($1, 0)", runner_lock)) {
    if (clock::now() >= deadline)
      throw migration_error{{migration_fault::locked_out,
                             "Another runner still migrates this database: " + holder() + "."}};
    if (!told)
      report("Another runner migrates this database (" + holder() + "); waiting.");
    told = true;
    std::this_thread::sleep_for(milliseconds{100});
  }
}

void migration_session::become_owner() {
  if (!options_.owner.empty())
    exec("SET ROLE " + connection_.quote_name(options_.owner));
}

void migration_session::prepare() {
  exec("SET lock_timeout = " + std::to_string(options_.lock_timeout.count()));
  if (!query<bool>("SELECT to_regnamespace('spotter') IS NOT NULL"))
    exec("CREATE SCHEMA spotter");
  if (!has_table())
    exec("CREATE TABLE spotter.spotter_migration ("
         " version integer NOT NULL CONSTRAINT spotter_migration_pkey PRIMARY KEY,"
         " name text NOT NULL, checksum text NOT NULL,"
         " applied_at timestamptz NOT NULL DEFAULT clock_timestamp(),"
         " duration_ms bigint NOT NULL)");
}

std::map<int, applied_migration> migration_session::applied() {
  std::map<int, applied_migration> rows;
  if (!has_table())
    return rows;
  pqxx::nontransaction tx{connection_};
  for (auto [version, name, checksum, at, took] :
       tx.query<int, std::string, std::string, std::string, std::int64_t>(
         "SELECT version, name, checksum, to_char(applied_at AT TIME ZONE 'UTC', "
         "'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), duration_ms FROM spotter.spotter_migration"))
    rows.emplace(version,
                 applied_migration{std::move(name), std::move(checksum), std::move(at), took});
  return rows;
}

std::map<int, std::string> migration_session::checksums(const std::vector<migration>& migrations) {
  std::map<int, std::string> sums;
  pqxx::nontransaction tx{connection_};
  for (const auto& known : migrations)
    sums.emplace(known.version,
                 tx.query_value<std::string>("SELECT encode(sha256(convert_to($1, 'UTF8')), 'hex')",
                                             pqxx::params{known.up}));
  return sums;
}

migration_step migration_session::perform(const migration& what, bool up) {
  const auto& sql = up ? what.up : what.down;
  const auto file = what.stem() + (up ? ".up.sql" : ".down.sql");
  const auto statements = split_statements(sql);
  const bool alone = runs_without_transaction(sql);
  if (!alone)
    refuse_transaction_control(file, statements);
  auto pause = options_.first_backoff;
  for (int tries = 1;; ++tries) {
    const auto start = clock::now();
    const sql_statement* current = nullptr;
    try {
      become_owner(); // the migration before may have become somebody else
      auto run_all = [&](pqxx::transaction_base& tx) {
        for (const auto& statement : statements) {
          current = &statement;
          tx.exec(statement.text);
        }
        remember(tx, what, since(start), up);
      };
      if (alone) {
        pqxx::nontransaction tx{connection_};
        run_all(tx);
      } else {
        pqxx::work tx{connection_};
        run_all(tx);
        tx.commit();
      }
      return {what.version, what.name, since(start), tries};
    } catch (const pqxx::sql_error& error) {
      static const sql_statement bookkeeping{"spotter_migration", 1};
      const auto& failed = current ? *current : bookkeeping;
      if (!should_wait(error) || tries >= options_.lock_tries)
        throw statement_failed(file, failed, error);
      const auto rest = jittered(pause);
      report(file + ":" + std::to_string(failed.line) + " waited in vain (" + error.sqlstate()
             + "); try " + std::to_string(tries + 1) + " of " + std::to_string(options_.lock_tries)
             + " in " + std::to_string(rest.count()) + " ms.");
      std::this_thread::sleep_for(rest);
      pause *= 2;
    } catch (const pqxx::failure& error) {
      throw migration_error{
        {migration_fault::connection,
         file + ":" + std::to_string(current ? current->line : 1)
           + ": the connection broke, so it is not known whether this was done; run the migrator "
             "again: "
           + error.what()}};
    }
  }
}

void migration_session::report(const std::string& what) const {
  if (options_.report)
    options_.report(what);
}

void migration_session::exec(const std::string& sql) {
  pqxx::nontransaction tx{connection_};
  tx.exec(sql);
}

bool migration_session::has_table() {
  return query<bool>("SELECT to_regclass('spotter.spotter_migration') IS NOT NULL");
}

std::string migration_session::holder() {
  pqxx::nontransaction tx{connection_};
  auto found =
    tx.exec("SELECT a.pid, coalesce(a.usename, ''), coalesce(a.application_name, ''),"
            " coalesce(host(a.client_addr), 'a local socket'),"
            " coalesce(extract(epoch FROM clock_timestamp() - a.backend_start)::bigint, 0)"
            " FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
            " WHERE l.locktype = 'advisory' AND l.granted AND l.classid = $1 AND l.objid = 0"
            " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            pqxx::params{runner_lock});
  if (found.empty())
    return "it has just ended";
  auto row = found[0];
  return "server process " + row[0].as<std::string>() + ", " + row[1].as<std::string>() + " '"
         + row[2].as<std::string>() + "' from " + row[3].as<std::string>() + ", connected for "
         + row[4].as<std::string>() + " s";
}

} // namespace spotter::persistence
