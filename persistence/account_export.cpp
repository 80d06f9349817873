#include "persistence/account_export.hpp"

#include "domain/json.hpp"
#include "domain/time.hpp"
#include "persistence/archive.hpp"
#include "persistence/sqlstate.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <spdlog/spdlog.h>

#include <map>
#include <string>
#include <vector>

namespace spotter::persistence {

namespace {

using messages::failure_code;

// What a reader sees of every table with user_id, but for what is no text.
// What became of a letter to an address that the account asked for tells whether somebody has it. And
// of what others did a person learns who it was, but not from where.
constexpr std::string_view tables_sql = R"(
  SELECT c.relname::text,
         string_agg(CASE WHEN c.relname = 'mail'
                              AND a.attname IN ('detail', 'state', 'reason', 'sent_at', 'updated_at')
                         THEN format('CASE WHEN template <> ''address_confirmation'' THEN %1$I END'
                                     ' AS %1$I', a.attname)
                         WHEN c.relname = 'security_event'
                              AND a.attname IN ('address', 'user_agent')
                         THEN format('CASE WHEN actor_user_id <> user_id THEN '''' ELSE %1$I END'
                                     ' AS %1$I', a.attname)
                         ELSE quote_ident(a.attname) END, ', ' ORDER BY a.attnum)
    FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
     AND a.atttypid <> 'bytea'::regtype
     AND has_column_privilege(c.oid, a.attnum, 'SELECT')
   WHERE c.relnamespace = 'spotter'::regnamespace AND c.relkind IN ('r', 'p')
     AND NOT c.relispartition
   GROUP BY c.relname
  HAVING bool_or(a.attname = 'user_id')
   ORDER BY c.relname)";

constexpr std::string_view sets_sql = R"(
  SELECT w.local_date, w.started_at, w.title, coalesce(e.name, o.name, ''), i.position, s.position,
         CASE s.kind WHEN 1 THEN 'normal' WHEN 2 THEN 'warmup' WHEN 3 THEN 'dropset'
                     WHEN 4 THEN 'failure' END, s.reps,
         s.weight_value, CASE s.weight_unit WHEN 1 THEN 'kg' WHEN 2 THEN 'lb' END,
         s.weight_g / 1000.0, s.rpe, s.rir, s.distance_m, s.duration_ms, s.rest_ms, s.completed_at
    FROM spotter.workout w
    JOIN spotter.exercise_instance i ON i.user_id = w.user_id AND i.workout_id = w.workout_id
     AND i.deleted_at IS NULL
    JOIN spotter.workout_set s ON s.user_id = w.user_id AND s.workout_id = w.workout_id
     AND s.exercise_instance_id = i.exercise_instance_id AND s.deleted_at IS NULL
    LEFT JOIN spotter.exercise e ON e.exercise_id = i.exercise_id
    LEFT JOIN spotter.own_exercise o ON o.user_id = w.user_id
     AND o.exercise_id = i.own_exercise_id
   WHERE w.user_id = $1::uuid AND w.deleted_at IS NULL
   ORDER BY w.started_at, w.workout_id, i.position, s.position)";

// For the same reason, the jobs that send such letters.
constexpr std::string_view without_addresses =
  " AND NOT EXISTS (SELECT FROM spotter.mail m WHERE m.user_id = job.user_id"
  " AND m.mail_id = job.subject_id AND m.template = 'address_confirmation')";

constexpr std::string_view sets_header =
  "date,started_at,workout,exercise,exercise_position,set_position,kind,reps,weight,weight_unit,"
  "weight_kg,rpe,rir,distance_m,duration_ms,rest_ms,completed_at\r\n";

constexpr int rows_at_a_time = 2'000;

std::string csv_field(const pqxx::field& field) {
  if (field.is_null())
    return {};
  const auto text = field.view();
  if (text.find_first_of(",\"\r\n") == text.npos)
    return std::string{text};
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"')
      out += '"';
    out += c;
  }
  return out + '"';
}

/// Calls `take(row)` for each row of a query, a page at a time.
template <class Take>
void each_row(pqxx::transaction_base& tx, std::string_view query, const pqxx::params& values,
              Take take) {
  tx.exec("DECLARE pages NO SCROLL CURSOR FOR " + std::string{query}, values);
  while (true) {
    const auto page = tx.exec("FETCH " + std::to_string(rows_at_a_time) + " FROM pages");
    for (const auto& row : page)
      take(row);
    if (page.size() < rows_at_a_time)
      break;
  }
  tx.exec("CLOSE pages");
}

struct exporter_state {
  static inline const char* name = "spotter.account_export";

  exporter_state(messages::export_actor::pointer, export_settings settings)
    : settings_(std::move(settings)) {}

  messages::export_actor::behavior_type make_behavior() {
    return {[this](const messages::build_export& ask) { return build(ask.user_id); }};
  }

private:
  messages::export_reply build(const domain::uuid& user_id) const {
    messages::export_reply out;
    try {
      out.archive = pack(user_id);
    } catch (const archive_too_large&) {
      out.problem = messages::failure{failure_code::too_large,
                                      "There is more than one export can hold; ask the operator.",
                                      {},
                                      0};
    } catch (const std::exception& error) {
      spdlog::warn("an export failed: {}", error.what());
      out.problem = messages::failure{
        failure_code::unavailable, "The export could not be made. Try again later.", {}, 5'000};
    }
    return out;
  }

  std::string pack(const domain::uuid& user_id) const {
    auto connection = connect(settings_.connection);
    pqxx::transaction<pqxx::isolation_level::repeatable_read, pqxx::write_policy::read_only> tx{
      connection};
    // A pooler's connection knows the role's time-out alone.
    tx.exec("SET LOCAL statement_timeout = "
            + std::to_string(settings_.connection.statement_timeout.count()));
    tx.exec(set_reader_user_sql, pqxx::params{to_string(user_id)});
    archive zip{settings_.most_content, settings_.most_archive};
    const pqxx::params who{to_string(user_id)};
    for (const auto& [table, columns] : tables(tx))
      add_table(zip, tx, table, columns, who);
    // Those of others stand in no row of the user's.
    add_rows(zip, tx, "share_received",
             "SELECT share::text FROM spotter.export_received_shares() AS share", {});
    add_sets(zip, tx, who);
    add_originals(zip, tx, user_id);
    return zip.finish(manifest(zip, user_id));
  }

  static std::map<std::string, std::string> tables(pqxx::transaction_base& tx) {
    std::map<std::string, std::string> out;
    for (const auto& row : tx.exec(tables_sql))
      out.emplace(row[0].as<std::string>(), row[1].as<std::string>());
    return out;
  }

  // The names come from the database's own catalogue, quoted by it.
  static void add_table(archive& zip, pqxx::transaction_base& tx, const std::string& table,
                        const std::string& columns, const pqxx::params& who) {
    add_rows(zip, tx, table,
             "SELECT row_to_json(t)::text FROM (SELECT " + columns + " FROM spotter."
               + tx.quote_name(table) + " WHERE user_id = $1::uuid"
               + (table == "job" ? std::string{without_addresses} : std::string{}) + ") t",
             who);
  }

  /// The JSON documents that a query gives, one a row.
  static void add_rows(archive& zip, pqxx::transaction_base& tx, const std::string& name,
                       const std::string& query, const pqxx::params& values) {
    auto file = zip.begin("data/" + name + ".json");
    file.write("[");
    each_row(tx, query, values, [&file](const pqxx::row& row) {
      file.write(file.rows() == 0 ? "\n" : ",\n");
      file.write(row[0].view());
      file.count_row();
    });
    file.write("\n]\n");
    zip.add(std::move(file));
  }

  static void add_sets(archive& zip, pqxx::transaction_base& tx, const pqxx::params& who) {
    auto file = zip.begin("sets.csv");
    file.write(sets_header);
    each_row(tx, sets_sql, who, [&file](const pqxx::row& row) {
      std::string line;
      for (const auto& field : row) {
        if (field.num() > 0)
          line += ',';
        line += csv_field(field);
      }
      file.write(line + "\r\n");
      file.count_row();
    });
    zip.add(std::move(file));
  }

  static void add_originals(archive& zip, pqxx::transaction_base& tx, const domain::uuid& user_id) {
    const auto ids =
      tx.exec("SELECT import_id::text FROM spotter.import_file WHERE user_id = $1::uuid ORDER BY 1",
              pqxx::params{to_string(user_id)});
    for (const auto& row : ids) {
      const auto id = row[0].as<std::string>();
      auto file = zip.begin("imports/" + id + "/original");
      const auto content = tx.exec("SELECT content FROM spotter.import_file"
                                   " WHERE user_id = $1::uuid AND import_id = $2::uuid",
                                   pqxx::params{to_string(user_id), id})
                             .one_field()
                             .as<pqxx::bytes>();
      file.write({reinterpret_cast<const char*>(content.data()), content.size()});
      file.count_row();
      zip.add(std::move(file));
    }
  }

  static std::string manifest(const archive& zip, const domain::uuid& user_id) {
    std::string out;
    domain::json_writer json{out};
    json.begin_object()
      .member("format", "spotter-export@1")
      .member("user_id", user_id)
      .member("created_at", domain::now())
      .key("files")
      .begin_array();
    for (const auto& file : zip.files())
      json.begin_object()
        .member("name", std::string_view{file.name})
        .member("rows", static_cast<std::int64_t>(file.rows))
        .member("bytes", static_cast<std::int64_t>(file.bytes))
        .end_object();
    json.end_array().end_object();
    return out + "\n";
  }

  export_settings settings_;
};

} // namespace

messages::export_actor spawn_account_export(caf::actor_system& system, export_settings settings) {
  using impl = messages::export_actor::stateful_impl<exporter_state>;
  return system.spawn<impl, caf::detached>(std::move(settings));
}

} // namespace spotter::persistence
