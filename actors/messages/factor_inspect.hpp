#pragma once

#include "actors/messages/factor.hpp"

// How CAF serialises what is asked about factors, keys and shares.

namespace spotter::messages {

template <class Inspector>
bool inspect(Inspector& f, begin_totp& x) {
  return f.object(x).fields();
}

template <class Inspector>
bool inspect(Inspector& f, confirm_totp& x) {
  return f.object(x).fields(f.field("code", x.code));
}

template <class Inspector>
bool inspect(Inspector& f, remove_totp& x) {
  return f.object(x).fields();
}

template <class Inspector>
bool inspect(Inspector& f, renew_recovery_codes& x) {
  return f.object(x).fields();
}

template <class Inspector>
bool inspect(Inspector& f, reauthenticate& x) {
  return f.object(x).fields(f.field("password", x.password), f.field("code", x.code));
}

template <class Inspector>
bool inspect(Inspector& f, create_api_key& x) {
  return f.object(x).fields(f.field("api_key_id", x.api_key_id), f.field("name", x.name),
                            f.field("scopes", x.scopes), f.field("expires_at", x.expires_at));
}

template <class Inspector>
bool inspect(Inspector& f, get_api_keys& x) {
  return f.object(x).fields(f.field("window", x.window));
}

template <class Inspector>
bool inspect(Inspector& f, revoke_api_key& x) {
  return f.object(x).fields(f.field("api_key_id", x.api_key_id));
}

template <class Inspector>
bool inspect(Inspector& f, offer_share& x) {
  return f.object(x).fields(f.field("share_id", x.share_id), f.field("email", x.email),
                            f.field("scopes", x.scopes), f.field("ends_at", x.ends_at));
}

template <class Inspector>
bool inspect(Inspector& f, get_shares& x) {
  return f.object(x).fields(f.field("window", x.window), f.field("direction", x.direction));
}

template <class Inspector>
bool inspect(Inspector& f, get_share& x) {
  return f.object(x).fields(f.field("share_id", x.share_id));
}

template <class Inspector>
bool inspect(Inspector& f, accept_share& x) {
  return f.object(x).fields(f.field("share_id", x.share_id));
}

template <class Inspector>
bool inspect(Inspector& f, update_share& x) {
  return f.object(x).fields(f.field("share_id", x.share_id), f.field("scopes", x.scopes),
                            f.field("sets_end", x.sets_end), f.field("ends_at", x.ends_at),
                            f.field("if_match", x.if_match));
}

template <class Inspector>
bool inspect(Inspector& f, end_share& x) {
  return f.object(x).fields(f.field("share_id", x.share_id), f.field("if_match", x.if_match));
}

template <class Inspector>
bool inspect(Inspector& f, factor_request& x) {
  return f.object(x).fields(f.field("user_id", x.user_id), f.field("login_id", x.login_id),
                            f.field("device", x.device), f.field("action", x.action));
}

template <class Inspector>
bool inspect(Inspector& f, check_api_key& x) {
  return f.object(x).fields(f.field("token", x.token), f.field("device", x.device));
}

template <class Inspector>
bool inspect(Inspector& f, api_key_checked& x) {
  return f.object(x).fields(f.field("found", x.found), f.field("user_id", x.user_id),
                            f.field("api_key_id", x.api_key_id), f.field("scopes", x.scopes),
                            f.field("expires_at", x.expires_at), f.field("problem", x.problem));
}

template <class Inspector>
bool inspect(Inspector& f, check_share& x) {
  return f.object(x).fields(f.field("athlete_id", x.athlete_id), f.field("actor_id", x.actor_id),
                            f.field("scope", x.scope), f.field("device", x.device));
}

template <class Inspector>
bool inspect(Inspector& f, share_checked& x) {
  return f.object(x).fields(f.field("allowed", x.allowed), f.field("share_id", x.share_id),
                            f.field("scopes", x.scopes), f.field("ends_at", x.ends_at),
                            f.field("problem", x.problem));
}

template <class Inspector>
bool inspect(Inspector& f, begin_challenge& x) {
  return f.object(x).fields(f.field("user_id", x.user_id), f.field("device", x.device),
                            f.field("credentials", x.credentials));
}

template <class Inspector>
bool inspect(Inspector& f, challenge_begun& x) {
  return f.object(x).fields(f.field("token", x.token), f.field("problem", x.problem));
}

template <class Inspector>
bool inspect(Inspector& f, answer_challenge& x) {
  return f.object(x).fields(f.field("token", x.token), f.field("code", x.code),
                            f.field("device", x.device));
}

template <class Inspector>
bool inspect(Inspector& f, challenge_answered& x) {
  return f.object(x).fields(f.field("who", x.who), f.field("challenge", x.challenge),
                            f.field("problem", x.problem));
}

template <class Inspector>
bool inspect(Inspector& f, load_factors& x) {
  return f.object(x).fields(f.field("user_id", x.user_id), f.field("login_id", x.login_id));
}

template <class Inspector>
bool inspect(Inspector& f, factor_image& x) {
  return f.object(x).fields(
    f.field("found", x.found), f.field("recent", x.recent), f.field("email", x.email),
    f.field("password_hash", x.password_hash), f.field("totp_secret", x.totp_secret),
    f.field("totp_confirmed", x.totp_confirmed), f.field("totp_step", x.totp_step),
    f.field("recovery_codes", x.recovery_codes));
}

template <class Inspector>
bool inspect(Inspector& f, used_code& x) {
  return f.object(x).fields(f.field("step", x.step), f.field("slot", x.slot));
}

template <class Inspector>
bool inspect(Inspector& f, put_totp& x) {
  return f.object(x).fields(f.field("sealed_secret", x.sealed_secret));
}

template <class Inspector>
bool inspect(Inspector& f, turn_totp_on& x) {
  return f.object(x).fields(f.field("step", x.step), f.field("recovery_codes", x.recovery_codes));
}

template <class Inspector>
bool inspect(Inspector& f, turn_totp_off& x) {
  return f.object(x).fields();
}

template <class Inspector>
bool inspect(Inspector& f, put_recovery_codes& x) {
  return f.object(x).fields(f.field("recovery_codes", x.recovery_codes));
}

template <class Inspector>
bool inspect(Inspector& f, pass_reauthentication& x) {
  return f.object(x).fields(f.field("code", x.code));
}

template <class Inspector>
bool inspect(Inspector& f, put_challenge& x) {
  return f.object(x).fields(f.field("token_hash", x.token_hash),
                            f.field("lifetime_s", x.lifetime_s), f.field("attempts", x.attempts),
                            f.field("credentials", x.credentials));
}

template <class Inspector>
bool inspect(Inspector& f, find_challenge& x) {
  return f.object(x).fields(f.field("token_hash", x.token_hash));
}

template <class Inspector>
bool inspect(Inspector& f, try_challenge& x) {
  return f.object(x).fields(f.field("token_hash", x.token_hash));
}

template <class Inspector>
bool inspect(Inspector& f, put_api_key& x) {
  return f.object(x).fields(f.field("api_key_id", x.api_key_id), f.field("name", x.name),
                            f.field("scopes", x.scopes), f.field("key_hash", x.key_hash),
                            f.field("expires_at", x.expires_at));
}

template <class Inspector>
bool inspect(Inspector& f, store_factor& x) {
  return f.object(x).fields(f.field("user_id", x.user_id), f.field("login_id", x.login_id),
                            f.field("device", x.device), f.field("what", x.what));
}

template <class Inspector>
bool inspect(Inspector& f, factor_stored& x) {
  return f.object(x).fields(f.field("version", x.version), f.field("body", x.body),
                            f.field("ended", x.ended), f.field("problem", x.problem),
                            f.field("repeated", x.repeated));
}

template <class Inspector>
bool inspect(Inspector& f, find_api_key& x) {
  return f.object(x).fields(f.field("user_id", x.user_id), f.field("key_hash", x.key_hash),
                            f.field("device", x.device));
}

template <class Inspector>
bool inspect(Inspector& f, pass_challenge& x) {
  return f.object(x).fields(f.field("user_id", x.user_id), f.field("token_hash", x.token_hash),
                            f.field("code", x.code), f.field("device", x.device));
}

} // namespace spotter::messages
