#include "persistence/account_rows.hpp"

#include "persistence/repository/row_reader.hpp"

#include <string_view>

namespace spotter::persistence {

namespace {

constexpr std::string_view in_request_sql = "SELECT spotter.in_request($1, $2, $3, $4)";

constexpr std::string_view prepare_mail_sql =
  "SELECT template, recipient, display_name, at, device, address, wanted"
  "  FROM spotter.prepare_mail($1, $2, $3)";

constexpr std::string_view list_logins_sql =
  "SELECT login_id, created_at, last_used_at, expires_at, user_agent, address"
  "  FROM spotter.list_logins($1, NULLIF($2, '')::uuid, $3)";

pqxx::bytes_view binary(const std::string& text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

std::vector<domain::uuid> ids_of(row_reader& row) {
  std::vector<domain::uuid> out;
  for (const auto& text : row.texts()) {
    const auto id = domain::parse_uuid(text);
    if (!id)
      throw pqxx::conversion_error{"not a UUID: " + text};
    out.push_back(*id);
  }
  return out;
}

messages::logins_ended outcome_and_ids(const pqxx::result& rows) {
  row_reader row{rows.one_row()};
  messages::logins_ended out;
  out.outcome = row.text();
  out.logins = ids_of(row);
  return out;
}

} // namespace

pqxx::result account_rows::run(std::string_view sql, const pqxx::params& values) {
  pqxx::nontransaction tx{*connection_};
  return tx.exec(sql, values);
}

pqxx::result account_rows::run_for(const messages::device_info& device, std::string_view sql,
                                   const pqxx::params& values) {
  pqxx::work tx{*connection_};
  tx.exec(in_request_sql,
          pqxx::params{device.request_id, device.trace_id, device.address, device.user_agent});
  auto out = tx.exec(sql, values);
  tx.commit();
  return out;
}

bool account_rows::ask_for_mail(const messages::ask_for_mail& ask) {
  run("SELECT spotter.ask_for_mail($1, $2, $3, $4, $5, $6)",
      pqxx::params{ask.purpose, ask.email, ask.device.address, ask.device.user_agent,
                   ask.device.trace_id, ask.device.request_id});
  return true;
}

messages::mail_requests_sorted account_rows::sort_mail_requests(
  const messages::sort_mail_requests& ask) {
  return {run("SELECT spotter.sort_mail_requests($1)", pqxx::params{ask.limit})
            .one_field()
            .as<std::int32_t>()};
}

messages::mail_image account_rows::prepare_mail(const messages::prepare_mail& ask) {
  const auto rows =
    run(prepare_mail_sql,
        pqxx::params{to_string(ask.user_id), to_string(ask.mail_id), binary(ask.token_hash)});
  messages::mail_image out;
  if (rows.empty())
    return out;
  row_reader row{rows[0]};
  out.found = true;
  out.letter.template_name = row.text();
  out.letter.recipient = row.text();
  out.letter.name = row.text();
  out.letter.at = row.text();
  out.letter.device = row.text();
  out.letter.address = row.text();
  out.wanted = row.flag();
  return out;
}

bool account_rows::finish_mail(const messages::finish_mail& ask) {
  return run("SELECT spotter.finish_mail($1, $2, $3, $4)",
             pqxx::params{to_string(ask.user_id), to_string(ask.mail_id), ask.state, ask.reason})
    .one_field()
    .as<bool>();
}

messages::address_verified account_rows::verify_address(const messages::use_address_token& ask) {
  const auto rows =
    run_for(ask.device, "SELECT outcome, user_id, email FROM spotter.verify_address($1)",
            pqxx::params{binary(ask.token_hash)});
  row_reader row{rows.one_row()};
  messages::address_verified out;
  out.outcome = row.text();
  if (out.outcome == "ok") {
    out.user_id = row.id();
    out.email = row.text();
  }
  return out;
}

messages::credentials account_rows::find_recovery(const messages::find_recovery& ask) {
  const auto rows = run("SELECT email, display_name FROM spotter.find_recovery($1)",
                        pqxx::params{binary(ask.token_hash)});
  messages::credentials out;
  if (rows.empty())
    return out;
  row_reader row{rows[0]};
  out.found = true;
  out.email = row.text();
  out.display_name = row.text();
  return out;
}

messages::credentials account_rows::load_credentials(const messages::load_credentials& ask) {
  const auto rows = run("SELECT password_hash, email, display_name, recent"
                        "  FROM spotter.load_credentials($1, $2)",
                        pqxx::params{to_string(ask.user_id), to_string(ask.login_id)});
  messages::credentials out;
  if (rows.empty())
    return out;
  row_reader row{rows[0]};
  out.found = true;
  out.password_hash = row.text();
  out.email = row.text();
  out.display_name = row.text();
  out.recent = row.flag();
  return out;
}

messages::logins_ended account_rows::recover_password(const messages::use_recovery_token& ask) {
  const auto rows =
    run_for(ask.device, "SELECT user_id, ended::text[] FROM spotter.recover_password($1, $2)",
            pqxx::params{binary(ask.token_hash), ask.password_hash});
  messages::logins_ended out;
  out.outcome = rows.empty() ? "unknown" : "ok";
  if (rows.empty())
    return out;
  row_reader row{rows[0]};
  out.user_id = row.id();
  out.logins = ids_of(row);
  return out;
}

messages::logins_ended account_rows::change_password(const messages::set_password& ask) {
  const auto rows = run_for(
    ask.device, "SELECT ended::text[] FROM spotter.change_password($1, $2, $3, $4)",
    pqxx::params{to_string(ask.user_id), to_string(ask.login_id), ask.old_hash, ask.new_hash});
  messages::logins_ended out;
  out.outcome = rows.empty() ? "unknown" : "ok";
  out.user_id = ask.user_id;
  if (rows.empty())
    return out;
  row_reader row{rows[0]};
  out.logins = ids_of(row);
  return out;
}

bool account_rows::renew_password_hash(const messages::renew_password_hash& ask) {
  return run("SELECT spotter.renew_password_hash($1, $2, $3)",
             pqxx::params{to_string(ask.user_id), ask.old_hash, ask.new_hash})
    .one_field()
    .as<bool>();
}

messages::logins_ended account_rows::change_address(const messages::change_address& ask) {
  messages::logins_ended out;
  out.outcome = run_for(ask.device, "SELECT spotter.ask_for_address($1, $2, $3)",
                        pqxx::params{to_string(ask.user_id), to_string(ask.login_id), ask.email})
                  .one_field()
                  .as<std::string>();
  out.user_id = ask.user_id;
  return out;
}

messages::logins_page account_rows::list_logins(const messages::get_logins& ask) {
  const auto rows =
    run(list_logins_sql,
        pqxx::params{to_string(ask.user_id),
                     ask.before.is_nil() ? std::string{} : to_string(ask.before), ask.limit});
  messages::logins_page out;
  for (const auto& found : rows) {
    row_reader row{found};
    messages::login_summary login;
    login.login_id = row.id();
    login.created_at = row.at();
    login.last_used_at = row.at();
    login.expires_at = row.at();
    login.user_agent = row.text();
    login.address = row.text();
    out.logins.push_back(std::move(login));
  }
  return out;
}

messages::logins_ended account_rows::end_login(const messages::end_login& ask) {
  return outcome_and_ids(
    run_for(ask.device,
            "SELECT outcome, ended::text[] FROM spotter.end_login($1, $2, NULLIF($3, '')::uuid)",
            pqxx::params{to_string(ask.user_id), to_string(ask.login_id),
                         ask.which ? to_string(*ask.which) : std::string{}}));
}

messages::logins_ended account_rows::end_access(const messages::end_access& ask) {
  return outcome_and_ids(run_for(ask.device,
                                 "SELECT outcome, ended::text[] FROM spotter.end_access($1, $2)",
                                 pqxx::params{to_string(ask.actor_id), to_string(ask.user_id)}));
}

messages::logins_ended account_rows::begin_erasure(const messages::erase_account& ask) {
  return outcome_and_ids(run_for(ask.device,
                                 "SELECT outcome, ended::text[] FROM spotter.begin_erasure($1, $2)",
                                 pqxx::params{to_string(ask.user_id), to_string(ask.login_id)}));
}

messages::rows_erased account_rows::erase_rows(const messages::erase_rows& ask) {
  return {run("SELECT spotter.erase_some($1, $2)", pqxx::params{to_string(ask.user_id), ask.limit})
            .one_field()
            .as<std::int32_t>()};
}

messages::export_allowed account_rows::begin_export(const messages::begin_export& ask) {
  const auto rows = run_for(ask.device, "SELECT outcome, wait_s FROM spotter.begin_export($1, $2)",
                            pqxx::params{to_string(ask.user_id), to_string(ask.login_id)});
  row_reader row{rows.one_row()};
  messages::export_allowed out;
  out.outcome = row.text();
  out.wait_s = row.integer();
  return out;
}

} // namespace spotter::persistence
