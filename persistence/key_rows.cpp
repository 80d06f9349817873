#include "persistence/key_rows.hpp"

namespace spotter::persistence {

namespace {

constexpr std::string_view load_signing_keys_sql =
  "SELECT key_id, sealed_seed, signs_in_ms, stops_in_ms, gone_in_ms"
  "  FROM spotter.load_signing_keys()";

constexpr std::string_view put_signing_key_sql =
  "SELECT spotter.put_signing_key($1, $2, $3, $4, $5)";

constexpr std::string_view note_sealing_key_sql = "SELECT spotter.note_sealing_key($1)";

constexpr std::string_view known_sealing_keys_sql =
  "SELECT key_id FROM spotter.known_sealing_keys()";

constexpr std::string_view count_sealed_rows_sql =
  "SELECT place, key_id, row_count FROM spotter.count_sealed_rows()";

constexpr std::string_view load_sealed_rows_sql =
  "SELECT row_key, sealed FROM spotter.load_sealed_rows($1, $2, $3, $4)";

constexpr std::string_view put_resealed_row_sql = "SELECT spotter.put_resealed_row($1, $2, $3, $4)";

constexpr std::string_view queue_reseal_sql = "SELECT spotter.queue_reseal($1)";

constexpr std::string_view last_reseal_sql = "SELECT state, reason FROM spotter.reseal_state()";

pqxx::bytes_view binary(const std::string& text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

std::string bytes_of(const pqxx::field& field) {
  const auto bytes = field.as<pqxx::bytes>();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

} // namespace

key_rows::key_rows(connection_settings settings) : settings_(std::move(settings)) {}

// A connection that was lost while nobody needed it is no fault: each statement may be run again.
template <class Statement>
auto key_rows::run(Statement statement) {
  const std::lock_guard guard{turn_};
  for (int tries = 1;; ++tries) {
    try {
      if (!connection_)
        connection_.emplace(connect(settings_));
      pqxx::work tx{*connection_};
      auto result = statement(tx);
      tx.commit();
      return result;
    } catch (const pqxx::broken_connection&) {
      connection_.reset();
      if (tries == 2)
        throw;
    } catch (...) {
      connection_.reset();
      throw;
    }
  }
}

std::vector<signing_key_row> key_rows::load_signing_keys() {
  return run([](pqxx::work& tx) {
    std::vector<signing_key_row> out;
    for (const auto& row : tx.exec(load_signing_keys_sql))
      out.push_back({row[0].as<std::string>(), bytes_of(row[1]), row[2].as<std::int64_t>(),
                     row[3].as<std::optional<std::int64_t>>(),
                     row[4].as<std::optional<std::int64_t>>()});
    return out;
  });
}

std::string key_rows::put_signing_key(const signing_key_entry& entry) {
  return run([&entry](pqxx::work& tx) {
    return tx
      .exec(put_signing_key_sql, pqxx::params{entry.key_id, binary(entry.sealed_seed),
                                              entry.lead_ms, entry.overlap_ms, entry.least_age_ms})
      .one_field()
      .as<std::string>();
  });
}

bool key_rows::note_sealing_key(const std::string& key_id) {
  return run([&key_id](pqxx::work& tx) {
    return tx.exec(note_sealing_key_sql, pqxx::params{binary(key_id)}).one_field().as<bool>();
  });
}

std::vector<std::string> key_rows::known_sealing_keys() {
  return run([](pqxx::work& tx) {
    std::vector<std::string> out;
    for (const auto& row : tx.exec(known_sealing_keys_sql))
      out.push_back(bytes_of(row[0]));
    return out;
  });
}

std::vector<messages::sealed_count> key_rows::count_sealed_rows() {
  return run([](pqxx::work& tx) {
    std::vector<messages::sealed_count> out;
    for (const auto& row : tx.exec(count_sealed_rows_sql))
      out.push_back({row[0].as<std::string>(), bytes_of(row[1]), row[2].as<std::int64_t>()});
    return out;
  });
}

std::vector<messages::sealed_row> key_rows::load_sealed_rows(const std::string& place,
                                                             const std::string& key_id,
                                                             const std::string& after, int limit) {
  return run([&](pqxx::work& tx) {
    std::vector<messages::sealed_row> out;
    for (const auto& row :
         tx.exec(load_sealed_rows_sql, pqxx::params{place, binary(key_id), after, limit}))
      out.push_back({row[0].as<std::string>(), bytes_of(row[1])});
    return out;
  });
}

std::size_t key_rows::put_resealed_rows(const std::string& place,
                                        const std::vector<messages::resealed_row>& rows) {
  return run([&](pqxx::work& tx) {
    std::size_t stored = 0;
    for (const auto& row : rows)
      if (tx.exec(put_resealed_row_sql,
                  pqxx::params{place, row.row_key, binary(row.before), binary(row.after)})
            .one_field()
            .as<bool>())
        ++stored;
    return stored;
  });
}

bool key_rows::queue_reseal(const std::string& key_id) {
  return run([&key_id](pqxx::work& tx) {
    return tx.exec(queue_reseal_sql, pqxx::params{binary(key_id)}).one_field().as<bool>();
  });
}

std::optional<reseal_state> key_rows::last_reseal() {
  return run([](pqxx::work& tx) {
    std::optional<reseal_state> out;
    for (const auto& row : tx.exec(last_reseal_sql))
      out = reseal_state{row[0].as<std::string>(), row[1].as<std::string>()};
    return out;
  });
}

} // namespace spotter::persistence
