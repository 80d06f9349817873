#pragma once

#include "actors/messages/all.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace spotter::actors::identity {

/// The rows of accounts and logins, and how the store is to behave, as the tests set and see them.
struct store_script {
  struct account {
    messages::profile who;
    std::string password_hash;
    std::int64_t credentials = 0;
  };
  struct login {
    std::int32_t generation = 1;
    std::string family_salt;
    std::string refresh_hash;
    domain::instant rotated_at;
    domain::instant expires_at;
    std::string revoked_reason; // empty: not revoked
    messages::device_info device;
    bool second_factor = false;
  };
  using login_key = std::pair<domain::uuid, domain::uuid>;

  std::map<std::string, account> accounts; // by address
  std::map<login_key, login> logins;
  domain::instant now; // the database's clock
  bool reachable = true;
  std::optional<messages::failure> write_problem;
  std::function<void()> before_rotate; // called once, as if another server were first
  bool moves_credentials = false;      // once an account was found, as by a change of its password
  std::vector<std::string> searched;
  std::vector<messages::note_security_event> noted;
  messages::ended_logins ended; // what is found
  std::vector<std::int64_t> ages_asked;

  messages::profile profile_of(const domain::uuid& user_id) const {
    for (const auto& [email, account] : accounts)
      if (account.who.user_id == user_id)
        return account.who;
    return {};
  }

  void open(const domain::uuid& user_id, const domain::uuid& login_id, std::string salt,
            std::string hash, domain::instant expires, messages::device_info device) {
    auto& row = logins[{user_id, login_id}];
    row = {1, std::move(salt), std::move(hash), now, expires, {}, std::move(device)};
  }

  bool rotate(const messages::rotate_login& ask) {
    const auto at = logins.find({ask.user_id, ask.login_id});
    if (at == logins.end() || at->second.generation != ask.from
        || !at->second.revoked_reason.empty())
      return false;
    at->second.generation = ask.from + 1;
    at->second.refresh_hash = ask.refresh_hash;
    at->second.rotated_at = now;
    at->second.device = ask.device;
    return true;
  }
};

/// Answers like the store, from the script.
inline messages::identity_store_actor::behavior_type fake_identity_store(
  messages::identity_store_actor::pointer, store_script* script) {
  using messages::identity_stored;
  const auto down = caf::make_error(caf::sec::connection_closed);
  auto write = [script, down](auto apply) -> caf::result<identity_stored> {
    if (!script->reachable)
      return down;
    identity_stored answer;
    if (script->write_problem)
      answer.problem = script->write_problem;
    else
      answer.applied = apply();
    return answer;
  };
  return {
    [script, write](const messages::add_account& ask) {
      return write([&] {
        if (!script->accounts
               .emplace(ask.who.email, store_script::account{ask.who, ask.password_hash})
               .second)
          return false;
        script->open(ask.who.user_id, ask.login_id, ask.family_salt, ask.refresh_hash,
                     ask.login_expires, ask.device);
        return true;
      });
    },
    [script, write](const messages::add_login& ask) {
      return write([&] {
        for (const auto& [email, account] : script->accounts)
          if (account.who.user_id == ask.user_id && account.credentials != ask.credentials)
            return false;
        script->open(ask.user_id, ask.login_id, ask.family_salt, ask.refresh_hash,
                     ask.login_expires, ask.device);
        return true;
      });
    },
    [script, down](const messages::find_account& ask) -> caf::result<messages::account_image> {
      if (!script->reachable)
        return down;
      script->searched.push_back(ask.email);
      messages::account_image image;
      if (const auto at = script->accounts.find(ask.email); at != script->accounts.end())
        image = {true, at->second.who, at->second.password_hash, false, at->second.credentials};
      if (image.found && script->moves_credentials)
        ++script->accounts[ask.email].credentials;
      return image;
    },
    [script, down](const messages::load_addresses& ask) -> caf::result<messages::known_addresses> {
      if (!script->reachable)
        return down;
      messages::known_addresses known;
      const auto at = script->accounts.find(ask.email);
      if (at != script->accounts.end())
        for (const auto& [key, login] : script->logins)
          if (key.first == at->second.who.user_id)
            known.addresses.push_back(login.device.address);
      return known;
    },
    [script, down](const messages::load_login& ask) -> caf::result<messages::login_image> {
      if (!script->reachable)
        return down;
      messages::login_image image;
      if (const auto at = script->logins.find({ask.user_id, ask.login_id});
          at != script->logins.end()) {
        const auto& row = at->second;
        image = {true,
                 !row.revoked_reason.empty(),
                 row.generation,
                 row.family_salt,
                 row.refresh_hash,
                 row.rotated_at,
                 row.expires_at,
                 script->now,
                 script->profile_of(ask.user_id),
                 row.second_factor};
      }
      return image;
    },
    [script, write](const messages::rotate_login& ask) {
      return write([&] {
        if (auto first = std::exchange(script->before_rotate, nullptr))
          first();
        return script->rotate(ask);
      });
    },
    [script, write](const messages::revoke_login& ask) {
      return write([&] {
        const auto at = script->logins.find({ask.user_id, ask.login_id});
        if (at == script->logins.end() || !at->second.revoked_reason.empty())
          return false;
        at->second.revoked_reason = ask.reason;
        return true;
      });
    },
    [script, write](const messages::note_security_event& ask) {
      return write([&] {
        script->noted.push_back(ask);
        return true;
      });
    },
    [script, down](const messages::load_ended_logins& ask) -> caf::result<messages::ended_logins> {
      script->ages_asked.push_back(ask.age_s);
      if (!script->reachable)
        return down;
      return script->ended;
    },
  };
}

} // namespace spotter::actors::identity
