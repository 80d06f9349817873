#include "gateway/token.hpp"

#include "domain/base64.hpp"
#include "gateway/json/claims.hpp"

#include <sodium.h>

#include <utility>

namespace spotter::gateway {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t most_remembered = 16'384;
constexpr std::size_t most_revoked = 65'536;
constexpr std::size_t most_no_keys = 4'096;
constexpr std::size_t longest_token = 2'048;

// As long as an access token can live by its setting (identity.access_lifetime), and the slack.
constexpr auto revocation_lasts = 24h + 1min;

// How long what was learnt of an API key counts: so much later, at most, a key is refused whose end
// was not heard of.
constexpr auto key_remembered = 60s;

// Tokens that name unknown keys cost a look for new keys this often, at most.
constexpr auto between_looks = 2s;

// For keys without an end.
constexpr auto endless = 24h * 365;

// Clocks of one machine do not differ; the slack covers a token made a moment ago elsewhere.
constexpr auto clock_slack = 60s;

const verification_key* find(const std::vector<verification_key>& keys, std::string_view kid) {
  for (const auto& key : keys)
    if (key.kid == kid)
      return &key;
  return nullptr;
}

std::string hash_of(std::string_view token) {
  std::string hash(32, '\0');
  crypto_generichash(reinterpret_cast<unsigned char*>(hash.data()), hash.size(),
                     reinterpret_cast<const unsigned char*>(token.data()), token.size(), nullptr,
                     0);
  return hash;
}

} // namespace

std::optional<caller> verify_token(std::string_view token,
                                   const std::vector<verification_key>& keys,
                                   std::string_view issuer, domain::instant now, bool* missed_key) {
  if (token.size() > longest_token)
    return std::nullopt;
  const auto first = token.find('.');
  const auto second = first == token.npos ? token.npos : token.find('.', first + 1);
  if (second == token.npos || token.find('.', second + 1) != token.npos)
    return std::nullopt;

  auto header_text = domain::from_base64url(token.substr(0, first));
  auto claims_text = domain::from_base64url(token.substr(first + 1, second - first - 1));
  const auto signature = domain::from_base64url(token.substr(second + 1));
  if (!header_text || !claims_text || !signature || signature->size() != crypto_sign_BYTES)
    return std::nullopt;

  const auto header = parse_token_header(*header_text);
  // The algorithm is ours to choose, never the token's.
  if (!header || header->algorithm != "EdDSA" || header->has_critical)
    return std::nullopt;
  const auto* key = find(keys, header->key_id);
  if (!key) {
    if (missed_key)
      *missed_key = true;
    return std::nullopt;
  }
  const auto signed_part = token.substr(0, second);
  if (crypto_sign_verify_detached(reinterpret_cast<const unsigned char*>(signature->data()),
                                  reinterpret_cast<const unsigned char*>(signed_part.data()),
                                  signed_part.size(), key->key.data())
      != 0)
    return std::nullopt;

  const auto claims = parse_token_claims(*claims_text);
  if (!claims || claims->issuer != issuer)
    return std::nullopt;
  const domain::instant issued{std::chrono::seconds{claims->issued_at}};
  const domain::instant expires{std::chrono::seconds{claims->expires_at}};
  const domain::instant not_before{std::chrono::seconds{claims->not_before}};
  if (expires <= now || issued > now + clock_slack || not_before > now + clock_slack)
    return std::nullopt;
  // Nobody else has tokens by this key, so one that is meant for somebody else is not ours.
  if (!claims->audience.empty() && claims->audience != issuer)
    return std::nullopt;
  const auto user = domain::parse_uuid(claims->subject);
  const auto login = domain::parse_uuid(claims->login);
  if (!user || !login || user->is_nil() || login->is_nil())
    return std::nullopt;
  caller who;
  who.user_id = *user;
  who.login_id = *login;
  who.expires_at = expires;
  who.admin = claims->role == "admin";
  who.second_factor = claims->second_factor;
  return who;
}

token_verifier::token_verifier(std::shared_ptr<const key_set> keys, std::string issuer)
  : keys_(std::move(keys)), known_(keys_->get()), version_(keys_->version()),
    issuer_(std::move(issuer)) {}

bool token_verifier::must_look_for_keys(domain::instant now) {
  if (!std::exchange(missed_key_, false) || now - looked_for_keys_ < between_looks)
    return false;
  looked_for_keys_ = now;
  return true;
}

std::optional<caller> token_verifier::verify(std::string_view token, domain::instant now) {
  if (const auto version = keys_->version(); version != version_) {
    version_ = version; // read before the content: at worst it is fetched once more
    known_ = keys_->get();
    good_.clear(); // what a key that is gone has signed is good no more
  }
  missed_key_ = false;
  auto hash = hash_of(token);
  std::optional<caller> who;
  if (token.starts_with(api_key_prefix)) {
    const auto it = api_keys_.find(hash);
    if (it == api_keys_.end() || it->second.until <= now)
      return std::nullopt;
    who = it->second.who;
    if (who->expires_at <= now || revoked_.contains(who->login_id))
      return std::nullopt;
    return who;
  }
  if (const auto it = good_.find(hash); it != good_.end()) {
    if (it->second.expires_at <= now) {
      good_.erase(it);
      return std::nullopt;
    }
    who = it->second;
  } else {
    who = verify_token(token, known_->keys, issuer_, now, &missed_key_);
    if (!who)
      return std::nullopt;
    // A full memory starts afresh: simple, and verifying again is only slower.
    if (good_.size() >= most_remembered)
      good_.clear();
    good_.emplace(std::move(hash), *who);
  }
  if (revoked_.contains(who->login_id))
    return std::nullopt;
  return who;
}

bool token_verifier::must_ask(std::string_view token, domain::instant now) const {
  if (!token.starts_with(api_key_prefix) || token.size() > longest_token)
    return false;
  const auto hash = hash_of(token);
  if (const auto it = api_keys_.find(hash); it != api_keys_.end() && it->second.until > now)
    return false;
  const auto it = no_keys_.find(hash);
  return it == no_keys_.end() || it->second <= now;
}

void token_verifier::learn(std::string_view key, const messages::api_key_checked& checked,
                           domain::instant now) {
  if (checked.problem)
    return;
  auto hash = hash_of(key);
  const auto until = now + key_remembered;
  if (!checked.found) {
    api_keys_.erase(hash);
    if (no_keys_.size() >= most_no_keys)
      no_keys_.clear();
    no_keys_.insert_or_assign(std::move(hash), until);
    return;
  }
  caller who;
  who.user_id = checked.user_id;
  who.login_id = checked.api_key_id;
  who.expires_at = checked.expires_at.value_or(now + endless);
  who.api_key = true;
  who.scopes = scopes_of(checked.scopes);
  no_keys_.erase(hash);
  if (api_keys_.size() >= most_remembered)
    api_keys_.clear();
  api_keys_.insert_or_assign(std::move(hash), known_key{who, until});
}

void token_verifier::revoke(const domain::uuid& login_id, domain::instant now) {
  if (revoked_.size() >= most_revoked) {
    auto oldest = revoked_.begin();
    for (auto it = revoked_.begin(); it != revoked_.end(); ++it)
      if (it->second < oldest->second)
        oldest = it;
    revoked_.erase(oldest);
  }
  revoked_.insert_or_assign(login_id, now + revocation_lasts);
}

void token_verifier::sweep(domain::instant now) {
  std::erase_if(good_, [now](const auto& entry) { return entry.second.expires_at <= now; });
  std::erase_if(api_keys_, [now](const auto& entry) { return entry.second.until <= now; });
  std::erase_if(no_keys_, [now](const auto& entry) { return entry.second <= now; });
  std::erase_if(revoked_, [now](const auto& entry) { return entry.second <= now; });
}

} // namespace spotter::gateway
