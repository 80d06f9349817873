#pragma once

#include "actors/messages/exercise.hpp"
#include "actors/messages/failure.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

// Accounts and logins. A login is one device's authenticated session with its refresh-token family.

namespace spotter::messages {

/// Where a request came from, for the list of devices, and which one it was, for security events.
struct device_info {
  std::string user_agent;
  std::string address;
  std::string request_id = {};
  std::string trace_id = {};
};

/// Creates an account and its first login. Answered with `login_reply`.
struct register_account {
  std::string email;
  std::string password;
  std::string display_name;
  std::string time_zone;
  device_info device;
};

/// Checks a password and opens a login. The answer for an unknown address costs and looks the same.
struct log_in {
  std::string email;
  std::string password;
  device_info device;
};

/// Goes on where `log_in` was answered with `mfa_required`: with a code of the authenticator, or a
/// recovery code.
struct finish_log_in {
  std::string mfa_token;
  std::string code;
  device_info device;
};

/// Trades a refresh token for a new pair. A spent token revokes its family, save within 10 s, when
/// it gets the same successor again (a lost answer is not an attack).
struct refresh_login {
  std::string refresh_token;
  device_info device;
};

/// Ends a login.
struct log_out {
  domain::uuid user_id;
  domain::uuid login_id;
  device_info device = {};
};

/// An opened or renewed login with its tokens; the profile is for the answer to a registration.
struct login_granted {
  profile who;
  domain::uuid login_id;
  std::string access_token;      // EdDSA JWT
  std::int32_t expires_in_s = 0; // of the access token
  std::string refresh_token;
};

/// The password was right, and a code is needed too.
struct mfa_required {
  std::string mfa_token;
};

/// The answer to `register_account`, `log_in`, `finish_log_in` and `refresh_login`: exactly one of
/// these.
struct login_reply {
  std::variant<login_granted, failure, mfa_required> result;
};

/// A login was ended: told to every gateway thread, which closes its sockets and refuses its tokens.
struct login_revoked {
  domain::uuid user_id;
  domain::uuid login_id;
};

// What the identity actors ask of the store.

/// The stored half of a new account and login. Answered with `identity_stored`.
struct add_account {
  profile who;
  std::string password_hash;
  domain::uuid login_id;
  std::string family_salt;       // binary
  std::string refresh_hash;      // binary, of generation 1
  domain::instant login_expires; // absolute
  device_info device;
};

struct add_login {
  domain::uuid user_id;
  domain::uuid login_id;
  std::string family_salt;
  std::string refresh_hash;
  domain::instant login_expires;
  device_info device;
  std::string challenge = {};   // that was answered, where there is a second factor
  std::int64_t credentials = 0; // without a challenge: of the password that was checked
};

/// Asks for an account by address. Answered with `account_image`.
struct find_account {
  std::string email;
};

struct account_image {
  bool found = false;
  profile who;
  std::string password_hash;
  bool second_factor = false;   // the password alone is not enough
  std::int64_t credentials = 0; // moves when sign-ins that have begun are over
};

/// Asks from where an account has signed in. Answered with `known_addresses`.
struct load_addresses {
  std::string email;
};

/// The last ones only, and none of logins that ended in suspicion. Empty for an unknown account.
struct known_addresses {
  std::vector<std::string> addresses;
};

/// Asks for a login's state, locked for no one. Answered with `login_image`.
struct load_login {
  domain::uuid user_id;
  domain::uuid login_id;
};

struct login_image {
  bool found = false;
  bool revoked = false;
  std::int32_t generation = 0;
  std::string family_salt;
  std::string refresh_hash;
  domain::instant rotated_at;
  domain::instant expires_at; // absolute
  domain::instant read_at;    // the database's clock
  profile who;
  bool second_factor = false; // opened with one, which is still there
};

/// Moves a login's family from generation `from` to the next, if it still stands there.
struct rotate_login {
  domain::uuid user_id;
  domain::uuid login_id;
  std::int32_t from = 0;
  std::string refresh_hash; // of the next generation
  device_info device;
};

struct revoke_login {
  domain::uuid user_id;
  domain::uuid login_id;
  std::string reason; // "logout", "reuse"
  device_info device = {};
};

/// Asks which logins, of anybody, have ended within the last seconds, a day at most. Answered with
/// `ended_logins`.
struct load_ended_logins {
  std::int64_t age_s = 0;
};

struct ended_logins {
  std::vector<login_revoked> logins;
};

/// Keeps a security event. Answered with `identity_stored`.
struct note_security_event {
  std::string kind;      // snake_case
  domain::uuid user_id;  // whom it concerns; nil: nobody who is known
  domain::uuid actor_id; // who did it; nil: nobody who is known
  device_info device;
};

/// The answer to the writes above. `applied` is false where the state had moved on.
struct identity_stored {
  bool applied = false;
  std::optional<failure> problem; // why it could not be stored
  bool second_factor = false;     // of `add_login`: it was opened with one
};

template <class Inspector>
bool inspect(Inspector& f, device_info& x) {
  return f.object(x).fields(f.field("user_agent", x.user_agent), f.field("address", x.address),
                            f.field("request_id", x.request_id), f.field("trace_id", x.trace_id));
}

template <class Inspector>
bool inspect(Inspector& f, register_account& x) {
  return f.object(x).fields(f.field("email", x.email), f.field("password", x.password),
                            f.field("display_name", x.display_name),
                            f.field("time_zone", x.time_zone), f.field("device", x.device));
}

template <class Inspector>
bool inspect(Inspector& f, log_in& x) {
  return f.object(x).fields(f.field("email", x.email), f.field("password", x.password),
                            f.field("device", x.device));
}

template <class Inspector>
bool inspect(Inspector& f, finish_log_in& x) {
  return f.object(x).fields(f.field("mfa_token", x.mfa_token), f.field("code", x.code),
                            f.field("device", x.device));
}

template <class Inspector>
bool inspect(Inspector& f, mfa_required& x) {
  return f.object(x).fields(f.field("mfa_token", x.mfa_token));
}

template <class Inspector>
bool inspect(Inspector& f, refresh_login& x) {
  return f.object(x).fields(f.field("refresh_token", x.refresh_token), f.field("device", x.device));
}

template <class Inspector>
bool inspect(Inspector& f, log_out& x) {
  return f.object(x).fields(f.field("user_id", x.user_id), f.field("login_id", x.login_id),
                            f.field("device", x.device));
}

template <class Inspector>
bool inspect(Inspector& f, login_granted& x) {
  return f.object(x).fields(
    f.field("who", x.who), f.field("login_id", x.login_id), f.field("access_token", x.access_token),
    f.field("expires_in_s", x.expires_in_s), f.field("refresh_token", x.refresh_token));
}

template <class Inspector>
bool inspect(Inspector& f, login_reply& x) {
  return f.object(x).fields(f.field("result", x.result));
}

template <class Inspector>
bool inspect(Inspector& f, login_revoked& x) {
  return f.object(x).fields(f.field("user_id", x.user_id), f.field("login_id", x.login_id));
}

template <class Inspector>
bool inspect(Inspector& f, add_account& x) {
  return f.object(x).fields(f.field("who", x.who), f.field("password_hash", x.password_hash),
                            f.field("login_id", x.login_id), f.field("family_salt", x.family_salt),
                            f.field("refresh_hash", x.refresh_hash),
                            f.field("login_expires", x.login_expires), f.field("device", x.device));
}

template <class Inspector>
bool inspect(Inspector& f, add_login& x) {
  return f.object(x).fields(
    f.field("user_id", x.user_id), f.field("login_id", x.login_id),
    f.field("family_salt", x.family_salt), f.field("refresh_hash", x.refresh_hash),
    f.field("login_expires", x.login_expires), f.field("device", x.device),
    f.field("challenge", x.challenge), f.field("credentials", x.credentials));
}

template <class Inspector>
bool inspect(Inspector& f, find_account& x) {
  return f.object(x).fields(f.field("email", x.email));
}

template <class Inspector>
bool inspect(Inspector& f, account_image& x) {
  return f.object(x).fields(
    f.field("found", x.found), f.field("who", x.who), f.field("password_hash", x.password_hash),
    f.field("second_factor", x.second_factor), f.field("credentials", x.credentials));
}

template <class Inspector>
bool inspect(Inspector& f, load_addresses& x) {
  return f.object(x).fields(f.field("email", x.email));
}

template <class Inspector>
bool inspect(Inspector& f, known_addresses& x) {
  return f.object(x).fields(f.field("addresses", x.addresses));
}

template <class Inspector>
bool inspect(Inspector& f, load_login& x) {
  return f.object(x).fields(f.field("user_id", x.user_id), f.field("login_id", x.login_id));
}

template <class Inspector>
bool inspect(Inspector& f, login_image& x) {
  return f.object(x).fields(
    f.field("found", x.found), f.field("revoked", x.revoked), f.field("generation", x.generation),
    f.field("family_salt", x.family_salt), f.field("refresh_hash", x.refresh_hash),
    f.field("rotated_at", x.rotated_at), f.field("expires_at", x.expires_at),
    f.field("read_at", x.read_at), f.field("who", x.who),
    f.field("second_factor", x.second_factor));
}

template <class Inspector>
bool inspect(Inspector& f, rotate_login& x) {
  return f.object(x).fields(f.field("user_id", x.user_id), f.field("login_id", x.login_id),
                            f.field("from", x.from), f.field("refresh_hash", x.refresh_hash),
                            f.field("device", x.device));
}

template <class Inspector>
bool inspect(Inspector& f, revoke_login& x) {
  return f.object(x).fields(f.field("user_id", x.user_id), f.field("login_id", x.login_id),
                            f.field("reason", x.reason), f.field("device", x.device));
}

template <class Inspector>
bool inspect(Inspector& f, load_ended_logins& x) {
  return f.object(x).fields(f.field("age_s", x.age_s));
}

template <class Inspector>
bool inspect(Inspector& f, ended_logins& x) {
  return f.object(x).fields(f.field("logins", x.logins));
}

template <class Inspector>
bool inspect(Inspector& f, note_security_event& x) {
  return f.object(x).fields(f.field("kind", x.kind), f.field("user_id", x.user_id),
                            f.field("actor_id", x.actor_id), f.field("device", x.device));
}

template <class Inspector>
bool inspect(Inspector& f, identity_stored& x) {
  return f.object(x).fields(f.field("applied", x.applied), f.field("problem", x.problem),
                            f.field("second_factor", x.second_factor));
}

} // namespace spotter::messages
