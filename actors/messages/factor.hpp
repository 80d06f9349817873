#pragma once

#include "actors/messages/identity.hpp"
#include "actors/messages/read.hpp"

#include <optional>
#include <string>
#include <variant>
#include <vector>

// How people prove more than a password, which keys their programs have, and whom they let in.

namespace spotter::messages {

// What a signed-in user asks of the factors actor.

/// Makes the secret of an authenticator, which counts once a code of it was given.
struct begin_totp {};

/// Turns the second factor on. Ends all other logins.
struct confirm_totp {
  std::string code;
};

/// Turns it off. Ends all other logins.
struct remove_totp {};

/// Makes ten new recovery codes in place of the old ones.
struct renew_recovery_codes {};

/// Proves who the user is once more: with a code where there is a second factor, else with the
/// password.
struct reauthenticate {
  std::string password;
  std::string code; // of the authenticator, or a recovery code
};

struct create_api_key {
  std::optional<domain::uuid> api_key_id; // the same one again makes no second key
  std::string name;
  std::vector<std::string> scopes;
  std::optional<domain::instant> expires_at;
};

struct get_api_keys {
  page_window window;
};

struct revoke_api_key {
  domain::uuid api_key_id;
};

/// Invites somebody to follow the user, who has to accept.
struct offer_share {
  std::optional<domain::uuid> share_id;
  std::string email;
  std::vector<std::string> scopes;
  std::optional<domain::instant> ends_at;
};

/// Shares that the user gave (`given`), or got (`received`), or both, newest first.
struct get_shares {
  page_window window;
  std::string direction;
};

struct get_share {
  domain::uuid share_id;
};

struct accept_share {
  domain::uuid share_id;
};

/// Changes what a share shows, and until when. For the athlete only.
struct update_share {
  domain::uuid share_id;
  std::optional<std::vector<std::string>> scopes;
  bool sets_end = false;
  std::optional<domain::instant> ends_at; // with `sets_end`: nothing for no end
  std::optional<std::int64_t> if_match;
};

/// Ends a share; either side may.
struct end_share {
  domain::uuid share_id;
  std::optional<std::int64_t> if_match;
};

using factor_action =
  std::variant<begin_totp, confirm_totp, remove_totp, renew_recovery_codes, reauthenticate,
               create_api_key, get_api_keys, revoke_api_key, offer_share, get_shares, get_share,
               accept_share, update_share, end_share>;

/// Answered with `read_reply`: an empty body where there is nothing to say.
struct factor_request {
  domain::uuid user_id;
  domain::uuid login_id;
  device_info device;
  factor_action action;
};

// What the gateway asks to let somebody in.

/// Asks whose an API key is. Answered with `api_key_checked`.
struct check_api_key {
  std::string token;
  device_info device;
};

struct api_key_checked {
  bool found = false; // and neither expired nor revoked
  domain::uuid user_id;
  domain::uuid api_key_id;
  std::vector<std::string> scopes;
  std::optional<domain::instant> expires_at;
  std::optional<failure> problem; // why it could not be asked
};

/// Asks whether `actor_id` may see what `scope` names of an athlete at this moment, and keeps a
/// security event that it was seen. Answered with `share_checked`.
struct check_share {
  domain::uuid athlete_id;
  domain::uuid actor_id;
  std::string scope; // history or live
  device_info device;
};

struct share_checked {
  bool allowed = false;
  domain::uuid share_id;
  std::vector<std::string> scopes;
  std::optional<domain::instant> ends_at;
  std::optional<failure> problem; // why it could not be asked
};

// What the identity actor asks when somebody signs in who has a second factor.

/// Opens a challenge: its token, with a code, takes the place of the password. Answered with
/// `challenge_begun`.
struct begin_challenge {
  domain::uuid user_id;
  device_info device;
  std::int64_t credentials = 0; // of the password that was checked
};

struct challenge_begun {
  std::string token;
  std::optional<failure> problem;
};

/// Checks the code that goes with a challenge. Answered with `challenge_answered`.
struct answer_challenge {
  std::string token;
  std::string code;
  device_info device;
};

/// Without a problem, a login may be opened for `who`, once, by `challenge`.
struct challenge_answered {
  profile who;
  std::string challenge; // goes into `add_login`
  std::optional<failure> problem;
};

// What the factors actor asks of its store.

/// Asks how a user can prove who they are. Answered with `factor_image`.
struct load_factors {
  domain::uuid user_id;
  domain::uuid login_id; // nil: of nobody who is signed in
};

struct factor_image {
  bool found = false;
  bool recent = false; // the login's owner proved who they are a moment ago
  std::string email;
  std::string password_hash;
  std::string totp_secret; // sealed; empty: none
  bool totp_confirmed = false;
  std::int64_t totp_step = 0;              // the last one used
  std::vector<std::string> recovery_codes; // hashes by slot, empty where used up
};

/// A code that was right, to be used up.
struct used_code {
  std::int64_t step = 0;  // of the authenticator, or
  std::int32_t slot = -1; // of a recovery code
};

struct put_totp {
  std::string sealed_secret;
};
struct turn_totp_on {
  std::int64_t step = 0;
  std::vector<std::string> recovery_codes; // hashes
};
struct turn_totp_off {};
struct put_recovery_codes {
  std::vector<std::string> recovery_codes; // hashes
};
struct pass_reauthentication {
  std::optional<used_code> code; // none: it was the password
};
struct put_challenge {
  std::string token_hash;
  std::int32_t lifetime_s = 300;
  std::int32_t attempts = 5;
  std::int64_t credentials = 0;
};
/// Asks whether a challenge is there and has attempts left; takes none.
struct find_challenge {
  std::string token_hash;
};
/// Counts an attempt before it is made.
struct try_challenge {
  std::string token_hash;
};
struct put_api_key {
  domain::uuid api_key_id;
  std::string name;
  std::vector<std::string> scopes;
  std::string key_hash;
  std::optional<domain::instant> expires_at;
};

using factor_change =
  std::variant<put_totp, turn_totp_on, turn_totp_off, put_recovery_codes, pass_reauthentication,
               put_challenge, find_challenge, try_challenge, put_api_key, get_api_keys,
               revoke_api_key, offer_share, get_shares, get_share, accept_share, update_share,
               end_share>;

/// One statement in a user's name. Answered with `factor_stored`.
struct store_factor {
  domain::uuid user_id;
  domain::uuid login_id;
  device_info device;
  factor_change what;
};

/// What came of it. Where there is no problem, `ended` names the logins, keys and shares that are
/// over now, and `body` is the resource, rendered.
struct factor_stored {
  std::int64_t version = 0;
  std::string body;
  std::vector<domain::uuid> ended;
  std::optional<failure> problem;
  bool repeated = false; // the resource had been made before by the same request
};

/// Asks for a key by its hash. Answered with `api_key_checked`.
struct find_api_key {
  domain::uuid user_id;
  std::string key_hash;
  device_info device;
};

/// Uses up a code for a challenge. Answered with `challenge_answered`.
struct pass_challenge {
  domain::uuid user_id;
  std::string token_hash;
  used_code code;
  device_info device;
};

} // namespace spotter::messages

#include "actors/messages/factor_inspect.hpp" // IWYU pragma: export
