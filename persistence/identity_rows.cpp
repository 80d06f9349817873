#include "persistence/identity_rows.hpp"

#include "persistence/repository/row_reader.hpp"

#include <string>
#include <string_view>

namespace spotter::persistence {

namespace {

constexpr std::string_view add_account_sql =
  "SELECT spotter.add_account($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
  " WHERE spotter.in_request($14, $15, $13, $12)";

constexpr std::string_view open_login_sql =
  "SELECT spotter.open_login($1, $2, $3, $4, $5, $6, $7, $11)"
  " WHERE spotter.in_request($8, $9, $7, $6) AND spotter.by_challenge($10)";

// One row, and the same work, for who is not there too: the time must not tell.
constexpr std::string_view find_account_sql =
  "SELECT a.password_hash, a.user_id, a.email, a.display_name, a.time_zone, a.unit, a.role,"
  "       a.version, a.created_at, a.updated_at,"
  "       spotter.email_verified(coalesce(a.user_id, $2::uuid)),"
  "       spotter.has_second_factor(coalesce(a.user_id, $2::uuid)), a.credentials_version"
  "  FROM (VALUES (true)) AS one LEFT JOIN spotter.find_account($1) AS a ON true";

constexpr std::string_view login_addresses_sql = "SELECT address FROM spotter.login_addresses($1)";

constexpr std::string_view load_login_sql =
  "SELECT revoked, generation, family_salt, refresh_hash, rotated_at, expires_at, read_at,"
  "       email, display_name, time_zone, unit, role, version, created_at, updated_at,"
  "       spotter.email_verified($1), second_factor"
  "  FROM spotter.load_login($1, $2)";

constexpr std::string_view rotate_login_sql = "SELECT spotter.rotate_login($1, $2, $3, $4, $5, $6)";

constexpr std::string_view revoke_login_sql = "SELECT spotter.revoke_login($1, $2, $3)"
                                              " WHERE spotter.in_request($4, $5, $6, $7)";

constexpr std::string_view note_event_sql =
  "SELECT spotter.note_security_event(NULLIF($1, '')::uuid, $2, NULLIF($3, '')::uuid, NULL, $4, $5,"
  "                                   $6, $7, NULL)";

pqxx::bytes_view binary(const std::string& text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

// From `email` to `email_verified`.
void read_profile(row_reader& row, messages::profile& who) {
  who.email = row.text();
  who.display_name = row.text();
  who.time_zone = row.text();
  who.unit = static_cast<domain::weight_unit>(row.integer());
  who.role = row.text();
  who.version = row.bigint();
  who.created_at = row.at();
  who.updated_at = row.at();
  who.email_verified = row.flag();
}

// One statement that commits itself: no BEGIN, no COMMIT.
pqxx::result run(pqxx::connection& connection, std::string_view sql, const pqxx::params& values) {
  pqxx::nontransaction statement{connection};
  return statement.exec(sql, values);
}

bool is_true(const pqxx::result& result) {
  return result.one_field().as<bool>();
}

} // namespace

bool identity_rows::add_account(const messages::add_account& ask) {
  const auto& who = ask.who;
  return is_true(run(*connection_, add_account_sql,
                     pqxx::params{to_string(who.user_id), who.email, who.display_name,
                                  who.time_zone, static_cast<int>(who.unit), ask.password_hash,
                                  domain::to_rfc3339(who.created_at), to_string(ask.login_id),
                                  binary(ask.family_salt), binary(ask.refresh_hash),
                                  domain::to_rfc3339(ask.login_expires), ask.device.user_agent,
                                  ask.device.address, ask.device.request_id, ask.device.trace_id}));
}

messages::identity_stored identity_rows::add_login(const messages::add_login& ask) {
  const auto result =
    run(*connection_, open_login_sql,
        pqxx::params{to_string(ask.user_id), to_string(ask.login_id), binary(ask.family_salt),
                     binary(ask.refresh_hash), domain::to_rfc3339(ask.login_expires),
                     ask.device.user_agent, ask.device.address, ask.device.request_id,
                     ask.device.trace_id, binary(ask.challenge), ask.credentials});
  const auto outcome = result.one_field().as<std::string>();
  messages::identity_stored opened;
  opened.applied = outcome != "gone";
  opened.second_factor = outcome == "with_factor";
  return opened;
}

messages::account_image identity_rows::find_account(const messages::find_account& ask) {
  const auto rows =
    run(*connection_, find_account_sql, pqxx::params{ask.email, to_string(domain::uuid{})});
  messages::account_image image;
  if (rows[0][0].is_null())
    return image;
  row_reader row{rows[0]};
  image.found = true;
  image.password_hash = row.text();
  image.who.user_id = row.id();
  read_profile(row, image.who);
  image.second_factor = row.flag();
  image.credentials = row.bigint();
  return image;
}

messages::known_addresses identity_rows::load_addresses(const messages::load_addresses& ask) {
  messages::known_addresses known;
  for (const auto& row : run(*connection_, login_addresses_sql, pqxx::params{ask.email}))
    known.addresses.emplace_back(row[0].view());
  return known;
}

messages::login_image identity_rows::load_login(const messages::load_login& ask) {
  const auto rows = run(*connection_, load_login_sql,
                        pqxx::params{to_string(ask.user_id), to_string(ask.login_id)});
  messages::login_image image;
  if (rows.empty())
    return image;
  row_reader row{rows[0]};
  image.found = true;
  image.revoked = row.flag();
  image.generation = row.integer();
  image.family_salt = row.bytes();
  image.refresh_hash = row.bytes();
  image.rotated_at = row.at();
  image.expires_at = row.at();
  image.read_at = row.at();
  image.who.user_id = ask.user_id;
  read_profile(row, image.who);
  image.second_factor = row.flag();
  return image;
}

bool identity_rows::rotate_login(const messages::rotate_login& ask) {
  return is_true(
    run(*connection_, rotate_login_sql,
        pqxx::params{to_string(ask.user_id), to_string(ask.login_id), ask.from,
                     binary(ask.refresh_hash), ask.device.user_agent, ask.device.address}));
}

bool identity_rows::revoke_login(const messages::revoke_login& ask) {
  return is_true(run(*connection_, revoke_login_sql,
                     pqxx::params{to_string(ask.user_id), to_string(ask.login_id), ask.reason,
                                  ask.device.request_id, ask.device.trace_id, ask.device.address,
                                  ask.device.user_agent}));
}

bool identity_rows::note_event(const messages::note_security_event& ask) {
  const auto id_or_empty = [](const domain::uuid& id) {
    return id.is_nil() ? std::string{} : to_string(id);
  };
  run(*connection_, note_event_sql,
      pqxx::params{id_or_empty(ask.user_id), ask.kind, id_or_empty(ask.actor_id),
                   ask.device.address, ask.device.user_agent, ask.device.request_id,
                   ask.device.trace_id});
  return true;
}

} // namespace spotter::persistence
