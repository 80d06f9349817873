#pragma once

#include "actors/accounts/accounts.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <functional>
#include <string>

namespace spotter::actors::accounts {

/// Carries the changes of accounts through the store, and tells of what followed from them.
class accounts_state {
public:
  static inline const char* name = "spotter.accounts";

  using actor = messages::accounts_actor::extend<caf::result<void>(caf::tick_atom)>;

  accounts_state(actor::pointer self, accounts_parts parts);

  actor::behavior_type make_behavior();

private:
  using promise = caf::typed_response_promise<messages::command_reply>;

  void change_address(const messages::change_address& request, promise to);
  void end_login(const messages::end_login& request, promise to);
  void end_access(const messages::end_access& request, promise to);
  void erase_account(const messages::erase_account& request, promise to);
  void export_account(const messages::export_account& request,
                      caf::typed_response_promise<messages::export_reply> to);

  // mails.cpp
  void ask_for_mail(const messages::ask_for_mail& request, promise to);
  void sort_requests();
  void verify_address(const messages::verify_address& request, promise to);

  // passwords.cpp
  void recover_password(const messages::recover_password& request, promise to);
  void change_password(const messages::change_password& request, promise to);
  void check_current(const messages::change_password& request, const messages::credentials& who,
                     promise to);
  void compare_current(const messages::change_password& request, const messages::credentials& who,
                       promise to);
  void set_password(const messages::change_password& request, const messages::credentials& who,
                    promise to);
  /// Judges and hashes a new password; `then` gets the hash, a refusal goes to `to`.
  void hash_new(const std::string& password, const messages::credentials& who, promise to,
                std::function<void(std::string)> then);

  template <class Request>
  void ask_store(Request wish, promise to, messages::failure unknown);
  /// Answers for what the store did, after telling of the logins that it ended.
  bool settle(promise& to, messages::logins_ended& ended, messages::failure unknown,
              bool announce = true);
  void tell_ended(const domain::uuid& user_id, const domain::uuid& login_id, bool announce);
  void tell_changed(const domain::uuid& user_id, const std::string& email);
  void wake_jobs();
  void done(promise& to);
  void refuse(promise to, messages::failure why);

  actor::pointer self_;
  accounts_parts parts_;
  std::size_t in_flight_ = 0;
  std::size_t exports_ = 0;
  bool wishes_ = false; // for mails, that nobody has looked at
  int ticks_ = 0;
  bool sorting_ = false;
  bool sort_again_ = false;
};

} // namespace spotter::actors::accounts
