#pragma once

#include "actors/messages/account.hpp"
#include "actors/messages/mail.hpp"
#include "persistence/store_connection.hpp"

#include <pqxx/pqxx>

#include <string>
#include <utility>

namespace spotter::persistence {

/// The statements of mails, tokens and changes of accounts, on a connection that is opened when it is
/// needed. They call the functions of migrations/0061_accounts, 0063_erasure and 0111_end_access; those
/// that change something run in a transaction that names the request. All throw what libpqxx throws.
class account_rows {
public:
  explicit account_rows(connection_settings settings) : connection_(std::move(settings)) {}

  bool ask_for_mail(const messages::ask_for_mail& ask);
  messages::mail_requests_sorted sort_mail_requests(const messages::sort_mail_requests& ask);
  messages::mail_image prepare_mail(const messages::prepare_mail& ask);
  bool finish_mail(const messages::finish_mail& ask);
  messages::address_verified verify_address(const messages::use_address_token& ask);
  messages::credentials find_recovery(const messages::find_recovery& ask);
  messages::credentials load_credentials(const messages::load_credentials& ask);
  messages::logins_ended recover_password(const messages::use_recovery_token& ask);
  messages::logins_ended change_password(const messages::set_password& ask);
  bool renew_password_hash(const messages::renew_password_hash& ask);
  messages::logins_ended change_address(const messages::change_address& ask);
  messages::logins_page list_logins(const messages::get_logins& ask);
  messages::logins_ended end_login(const messages::end_login& ask);
  messages::logins_ended end_access(const messages::end_access& ask);
  messages::logins_ended begin_erasure(const messages::erase_account& ask);
  messages::rows_erased erase_rows(const messages::erase_rows& ask);
  messages::export_allowed begin_export(const messages::begin_export& ask);

  /// What everything above runs on, best in its `attempt`.
  [[nodiscard]] store_connection& connection() noexcept { return connection_; }

private:
  pqxx::result run(std::string_view sql, const pqxx::params& values);
  pqxx::result run_for(const messages::device_info& device, std::string_view sql,
                       const pqxx::params& values);

  store_connection connection_;
};

} // namespace spotter::persistence
