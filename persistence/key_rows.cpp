#include "persistence/key_rows.hpp"

namespace spotter::persistence {

namespace {

constexpr std::string_view load_signing_keys_sql =
  "SELECT key_id, sealed_seed, signs_in_ms, stops_in_ms, gone_in_ms"
  "  FROM spotter.load_signing_keys()";

constexpr std::string_view put_signing_key_sql =
  "SELECT spotter.put_signing_key($1, $2, $3, $4, $5)";

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
  for (int tries = 1;; ++tries) {
    try {
      if (!connection_)
        connection_.emplace(connect(settings_));
      pqxx::nontransaction tx{*connection_};
      return statement(tx);
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
  return run([](pqxx::nontransaction& tx) {
    std::vector<signing_key_row> out;
    for (const auto& row : tx.exec(load_signing_keys_sql))
      out.push_back({row[0].as<std::string>(), bytes_of(row[1]), row[2].as<std::int64_t>(),
                     row[3].as<std::optional<std::int64_t>>(),
                     row[4].as<std::optional<std::int64_t>>()});
    return out;
  });
}

std::string key_rows::put_signing_key(const signing_key_entry& entry) {
  return run([&entry](pqxx::nontransaction& tx) {
    return tx
      .exec(put_signing_key_sql, pqxx::params{entry.key_id, binary(entry.sealed_seed),
                                              entry.lead_ms, entry.overlap_ms, entry.least_age_ms})
      .one_field()
      .as<std::string>();
  });
}

} // namespace spotter::persistence
