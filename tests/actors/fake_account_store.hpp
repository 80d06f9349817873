#pragma once

#include "actors/messages/all.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <deque>
#include <string>
#include <vector>

namespace spotter::actors::accounts {

/// What the store was asked, in words, and how it is to answer.
struct store_script {
  std::vector<std::string> asked;
  bool reachable = true;
  messages::credentials who;
  messages::logins_ended ended;
  messages::address_verified verified;
  messages::mail_image mail;
  std::vector<std::string> token_hashes;
  std::vector<messages::finish_mail> finished;
  std::deque<std::int32_t> rows;
  messages::set_password set;
};

inline messages::account_store_actor::behavior_type fake_store(
  messages::account_store_actor::pointer, store_script* script) {
  const auto take = [script]<class Answer>(const char* what, Answer answer) -> caf::result<Answer> {
    script->asked.emplace_back(what);
    if (!script->reachable)
      return caf::make_error(caf::sec::connection_closed);
    return answer;
  };
  const messages::identity_stored applied{true, {}};
  return {
    [=](const messages::ask_for_mail&) { return take("ask_for_mail", applied); },
    [=](const messages::sort_mail_requests&) {
      return take("sort", messages::mail_requests_sorted{1});
    },
    [=](const messages::prepare_mail& ask) {
      script->token_hashes.push_back(ask.token_hash);
      return take("prepare", script->mail);
    },
    [=](const messages::finish_mail& ask) {
      script->finished.push_back(ask);
      return take("finish", applied);
    },
    [=](const messages::use_address_token&) { return take("use_address_token", script->verified); },
    [=](const messages::find_recovery&) { return take("find_recovery", script->who); },
    [=](const messages::load_credentials&) { return take("load_credentials", script->who); },
    [=](const messages::use_recovery_token&) { return take("use_recovery_token", script->ended); },
    [=](const messages::set_password& ask) {
      script->set = ask;
      return take("set_password", script->ended);
    },
    [=](const messages::renew_password_hash&) { return take("renew_password_hash", applied); },
    [=](const messages::change_address&) { return take("change_address", script->ended); },
    [=](const messages::get_logins&) { return take("get_logins", messages::logins_page{}); },
    [=](const messages::end_login&) { return take("end_login", script->ended); },
    [=](const messages::end_access&) { return take("end_access", script->ended); },
    [=](const messages::erase_account&) { return take("erase_account", script->ended); },
    [=](const messages::erase_rows&) {
      std::int32_t rows = 0;
      if (!script->rows.empty()) {
        rows = script->rows.front();
        script->rows.pop_front();
      }
      return take("erase_rows", messages::rows_erased{rows});
    },
    [=](const messages::begin_export&) {
      return take("begin_export", messages::export_allowed{"reauthenticate", 0, {}});
    },
  };
}

} // namespace spotter::actors::accounts
