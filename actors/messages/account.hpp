#pragma once

#include "actors/messages/identity.hpp"
#include "actors/messages/shared_text.hpp"

#include <optional>
#include <string>
#include <variant>
#include <vector>

// What people do with their accounts besides signing in. The first half comes from the gateway and
// is answered with `command_reply` unless something else is said; the second half is what the
// accounts actor asks of its store.

namespace spotter::messages {

/// A wish for a mailed token by somebody who may have an account or not: "verify" or "recovery".
/// The answer is the same for all.
struct ask_for_mail {
  std::string purpose;
  std::string email;
  device_info device = {};
};

/// Uses up a token that was mailed to an address: the address is proved, or becomes the account's.
struct verify_address {
  std::string token;
  device_info device = {};
};

/// Sets a new password by a mailed token, and ends all logins.
struct recover_password {
  std::string token;
  std::string password;
  device_info device = {};
};

/// Sets a new password. Needs the current one, whatever was proved of late; ends the other logins.
struct change_password {
  domain::uuid user_id;
  domain::uuid login_id;
  std::optional<std::string> current_password;
  std::string password;
  device_info device = {};
};

/// Mails a token to the address that is to become the account's. Needs a recent proof of identity.
struct change_address {
  domain::uuid user_id;
  domain::uuid login_id;
  std::string email;
  device_info device = {};
};

/// Asks for the caller's live logins, newest first. Answered with `logins_page`.
struct get_logins {
  domain::uuid user_id;
  domain::uuid before; // nil: from the newest
  std::int32_t limit = 50;
};

/// Ends one login of the caller, or all others. Needs a recent proof of identity.
struct end_login {
  domain::uuid user_id;
  domain::uuid login_id;
  std::optional<domain::uuid> which; // none: all but `login_id`
  device_info device = {};
};

/// Ends all logins and API keys of a person, by the wish of an administrator, who is named in the
/// security events. The role is asked for in the database.
struct end_access {
  domain::uuid actor_id; // the administrator
  domain::uuid user_id;
  device_info device = {}; // the administrator's
};

/// Closes the account for ever and queues the erasure of everything. Needs a recent proof of
/// identity.
struct erase_account {
  domain::uuid user_id;
  domain::uuid login_id;
  device_info device = {};
};

/// Asks for everything that is held of the caller, as a ZIP. Needs a recent proof of identity, and
/// is limited. Answered with `export_reply`.
struct export_account {
  domain::uuid user_id;
  domain::uuid login_id;
  device_info device = {};
};

/// One live login, as its owner sees it.
struct login_summary {
  domain::uuid login_id;
  domain::instant created_at;
  domain::instant last_used_at;
  domain::instant expires_at;
  std::string user_agent;
  std::string address;
};

struct logins_page {
  std::vector<login_summary> logins;
  std::optional<failure> problem;
};

/// A ZIP in memory, or why there is none.
struct export_reply {
  shared_text archive;
  std::optional<failure> problem;
};

// What the accounts actor asks of the store. Those that change something run in the name of
// `device`, for the security events that they cause.

/// Looks whose the addresses of waiting wishes are. Answered with `mail_requests_sorted`.
struct sort_mail_requests {
  std::int32_t limit = 100;
};

struct mail_requests_sorted {
  std::int32_t queued = 0; // mails
};

/// Answered with `address_verified`.
struct use_address_token {
  std::string token_hash; // binary
  device_info device = {};
};

struct address_verified {
  std::string outcome; // "ok", "unknown", "taken"
  domain::uuid user_id;
  std::string email;
  std::optional<failure> problem;
};

/// Asks whom a recovery token is for, without using it up. Answered with `credentials`.
struct find_recovery {
  std::string token_hash;
};

/// Asks what a signed-in user has to prove. Answered with `credentials`.
struct load_credentials {
  domain::uuid user_id;
  domain::uuid login_id;
};

struct credentials {
  bool found = false;
  std::string password_hash; // not for `find_recovery`
  std::string email;
  std::string display_name;
  bool recent = false; // proved who they are within the last minutes
  std::optional<failure> problem;
};

/// Answered with `logins_ended`; not applied where the token is not good.
struct use_recovery_token {
  std::string token_hash;
  std::string password_hash;
  device_info device = {};
};

/// Answered with `logins_ended`; not applied where the password was changed meanwhile.
struct set_password {
  domain::uuid user_id;
  domain::uuid login_id;
  std::string old_hash;
  std::string new_hash;
  device_info device = {};
};

/// Keeps the same password under another cost. Answered with `identity_stored`.
struct renew_password_hash {
  domain::uuid user_id;
  std::string old_hash;
  std::string new_hash;
};

/// Deletes about `limit` rows of a closed account. Answered with `rows_erased`.
struct erase_rows {
  domain::uuid user_id;
  std::int32_t limit = 1'000;
};

struct rows_erased {
  std::int32_t rows = 0; // 0: nothing is left but the account and the job
};

/// Asks whether a person may take their data out now. Answered with `export_allowed`.
struct begin_export {
  domain::uuid user_id;
  domain::uuid login_id;
  device_info device = {};
};

struct export_allowed {
  std::string outcome; // "ok", "reauthenticate", "too_many"
  std::int32_t wait_s = 0;
  std::optional<failure> problem;
};

/// Asks for the ZIP itself. Answered with `export_reply`.
struct build_export {
  domain::uuid user_id;
};

/// The answer to what ends logins: those that were alive.
struct logins_ended {
  std::string outcome; // "ok", "unknown", "reauthenticate", "too_many", "forbidden"
  domain::uuid user_id;
  std::vector<domain::uuid> logins;
  std::optional<failure> problem;
};

template <class Inspector>
bool inspect(Inspector& f, ask_for_mail& x) {
  return f.object(x).fields(f.field("purpose", x.purpose), f.field("email", x.email),
                            f.field("device", x.device));
}

template <class Inspector>
bool inspect(Inspector& f, verify_address& x) {
  return f.object(x).fields(f.field("token", x.token), f.field("device", x.device));
}

template <class Inspector>
bool inspect(Inspector& f, recover_password& x) {
  return f.object(x).fields(f.field("token", x.token), f.field("password", x.password),
                            f.field("device", x.device));
}

template <class Inspector>
bool inspect(Inspector& f, change_password& x) {
  return f.object(x).fields(f.field("user_id", x.user_id), f.field("login_id", x.login_id),
                            f.field("current_password", x.current_password),
                            f.field("password", x.password), f.field("device", x.device));
}

template <class Inspector>
bool inspect(Inspector& f, change_address& x) {
  return f.object(x).fields(f.field("user_id", x.user_id), f.field("login_id", x.login_id),
                            f.field("email", x.email), f.field("device", x.device));
}

template <class Inspector>
bool inspect(Inspector& f, get_logins& x) {
  return f.object(x).fields(f.field("user_id", x.user_id), f.field("before", x.before),
                            f.field("limit", x.limit));
}

template <class Inspector>
bool inspect(Inspector& f, end_login& x) {
  return f.object(x).fields(f.field("user_id", x.user_id), f.field("login_id", x.login_id),
                            f.field("which", x.which), f.field("device", x.device));
}

template <class Inspector>
bool inspect(Inspector& f, end_access& x) {
  return f.object(x).fields(f.field("actor_id", x.actor_id), f.field("user_id", x.user_id),
                            f.field("device", x.device));
}

template <class Inspector>
bool inspect(Inspector& f, erase_account& x) {
  return f.object(x).fields(f.field("user_id", x.user_id), f.field("login_id", x.login_id),
                            f.field("device", x.device));
}

template <class Inspector>
bool inspect(Inspector& f, export_account& x) {
  return f.object(x).fields(f.field("user_id", x.user_id), f.field("login_id", x.login_id),
                            f.field("device", x.device));
}

template <class Inspector>
bool inspect(Inspector& f, login_summary& x) {
  return f.object(x).fields(f.field("login_id", x.login_id), f.field("created_at", x.created_at),
                            f.field("last_used_at", x.last_used_at),
                            f.field("expires_at", x.expires_at),
                            f.field("user_agent", x.user_agent), f.field("address", x.address));
}

template <class Inspector>
bool inspect(Inspector& f, logins_page& x) {
  return f.object(x).fields(f.field("logins", x.logins), f.field("problem", x.problem));
}

template <class Inspector>
bool inspect(Inspector& f, export_reply& x) {
  return f.object(x).fields(f.field("archive", x.archive), f.field("problem", x.problem));
}

template <class Inspector>
bool inspect(Inspector& f, sort_mail_requests& x) {
  return f.object(x).fields(f.field("limit", x.limit));
}

template <class Inspector>
bool inspect(Inspector& f, mail_requests_sorted& x) {
  return f.object(x).fields(f.field("queued", x.queued));
}

template <class Inspector>
bool inspect(Inspector& f, use_address_token& x) {
  return f.object(x).fields(f.field("token_hash", x.token_hash), f.field("device", x.device));
}

template <class Inspector>
bool inspect(Inspector& f, address_verified& x) {
  return f.object(x).fields(f.field("outcome", x.outcome), f.field("user_id", x.user_id),
                            f.field("email", x.email), f.field("problem", x.problem));
}

template <class Inspector>
bool inspect(Inspector& f, find_recovery& x) {
  return f.object(x).fields(f.field("token_hash", x.token_hash));
}

template <class Inspector>
bool inspect(Inspector& f, load_credentials& x) {
  return f.object(x).fields(f.field("user_id", x.user_id), f.field("login_id", x.login_id));
}

template <class Inspector>
bool inspect(Inspector& f, credentials& x) {
  return f.object(x).fields(f.field("found", x.found), f.field("password_hash", x.password_hash),
                            f.field("email", x.email), f.field("display_name", x.display_name),
                            f.field("recent", x.recent), f.field("problem", x.problem));
}

template <class Inspector>
bool inspect(Inspector& f, use_recovery_token& x) {
  return f.object(x).fields(f.field("token_hash", x.token_hash),
                            f.field("password_hash", x.password_hash), f.field("device", x.device));
}

template <class Inspector>
bool inspect(Inspector& f, set_password& x) {
  return f.object(x).fields(f.field("user_id", x.user_id), f.field("login_id", x.login_id),
                            f.field("old_hash", x.old_hash), f.field("new_hash", x.new_hash),
                            f.field("device", x.device));
}

template <class Inspector>
bool inspect(Inspector& f, renew_password_hash& x) {
  return f.object(x).fields(f.field("user_id", x.user_id), f.field("old_hash", x.old_hash),
                            f.field("new_hash", x.new_hash));
}

template <class Inspector>
bool inspect(Inspector& f, erase_rows& x) {
  return f.object(x).fields(f.field("user_id", x.user_id), f.field("limit", x.limit));
}

template <class Inspector>
bool inspect(Inspector& f, rows_erased& x) {
  return f.object(x).fields(f.field("rows", x.rows));
}

template <class Inspector>
bool inspect(Inspector& f, begin_export& x) {
  return f.object(x).fields(f.field("user_id", x.user_id), f.field("login_id", x.login_id),
                            f.field("device", x.device));
}

template <class Inspector>
bool inspect(Inspector& f, export_allowed& x) {
  return f.object(x).fields(f.field("outcome", x.outcome), f.field("wait_s", x.wait_s),
                            f.field("problem", x.problem));
}

template <class Inspector>
bool inspect(Inspector& f, build_export& x) {
  return f.object(x).fields(f.field("user_id", x.user_id));
}

template <class Inspector>
bool inspect(Inspector& f, logins_ended& x) {
  return f.object(x).fields(f.field("outcome", x.outcome), f.field("user_id", x.user_id),
                            f.field("logins", x.logins), f.field("problem", x.problem));
}

} // namespace spotter::messages
