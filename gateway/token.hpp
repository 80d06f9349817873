#pragma once

#include "domain/time.hpp"
#include "domain/uuid.hpp"
#include "gateway/key_set.hpp"
#include "gateway/ports.hpp"
#include "gateway/scopes.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace spotter::gateway {

/// Who a request comes from.
struct caller {
  domain::uuid user_id;
  domain::uuid login_id; // or the key's id
  domain::instant expires_at;
  bool admin = false;
  bool second_factor = false; // the login was opened with one
  bool api_key = false;       // it is a program with a key of the user's
  scope_set scopes = all_scopes;
};

/// What API keys begin with; nothing that was signed does.
inline constexpr std::string_view api_key_prefix = "spk_";

/// Verifies a compact JWT: EdDSA by one of `keys` (by `kid`), issued by `issuer`, not expired at
/// `now`, with user and login. Nothing else is accepted: no other algorithm, no critical headers, no
/// padding, no claim of a wrong type, no other audience. Nullopt says no more than "not valid";
/// `missed_key` is set where the token is well formed and names none of `keys`.
[[nodiscard]] std::optional<caller> verify_token(std::string_view token,
                                                 const std::vector<verification_key>& keys,
                                                 std::string_view issuer, domain::instant now,
                                                 bool* missed_key = nullptr);

/// One thread's verifier: remembers tokens that were good, since a signature costs tens of
/// microseconds, and logins that have ended, whose tokens are refused though they have not expired.
///
/// API keys are not signed: their owner is asked for elsewhere, and what was learnt is remembered
/// for a minute. A key that ends is refused at once, as logins are.
class token_verifier {
public:
  token_verifier(std::shared_ptr<const key_set> keys, std::string issuer);

  /// The caller of a valid token of a login that has not ended.
  [[nodiscard]] std::optional<caller> verify(std::string_view token, domain::instant now);

  /// Whether the token that was just refused names a key that is not known, and it is worth while to
  /// look for new keys and verify it again: once in a few seconds, however many such tokens come.
  [[nodiscard]] bool must_look_for_keys(domain::instant now);

  /// Whether a token is an API key of which nothing is known at present.
  [[nodiscard]] bool must_ask(std::string_view token, domain::instant now) const;

  /// Remembers whose an API key is, or that it is nobody's.
  void learn(std::string_view key, const messages::api_key_checked& checked, domain::instant now);

  /// Refuses the login's tokens from now on, for as long as one could live.
  void revoke(const domain::uuid& login_id, domain::instant now);

  /// Forgets what has expired.
  void sweep(domain::instant now);

private:
  struct known_key {
    caller who;
    domain::instant until;
  };

  std::shared_ptr<const key_set> keys_;
  std::shared_ptr<const key_set::content> known_; // of keys_, at `version_`
  std::uint64_t version_ = 0;
  bool missed_key_ = false; // by the last token that was refused
  domain::instant looked_for_keys_{};
  std::string issuer_;
  std::unordered_map<std::string, caller> good_;        // by the token's hash
  std::unordered_map<std::string, known_key> api_keys_; // likewise
  /// What is nobody's key, and until when. Apart: strangers can fill it as they like.
  std::unordered_map<std::string, domain::instant> no_keys_;
  std::unordered_map<domain::uuid, domain::instant> revoked_; // login → when it can be forgotten
};

} // namespace spotter::gateway
