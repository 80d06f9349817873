#pragma once

#include "actors/identity/identity.hpp"
#include "actors/identity/login_guard.hpp"
#include "actors/identity/refresh_token.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <cstdint>
#include <string>

namespace spotter::actors::identity {

/// Registers, logs in, renews and ends logins. Holds no state of any login: the store has it all,
/// and a compare-and-swap there decides between two who renew at once.
class identity_state {
public:
  static inline const char* name = "spotter.identity";

  identity_state(messages::identity_actor::pointer self, parts parts);
  identity_state(const identity_state&) = delete;
  identity_state& operator=(const identity_state&) = delete;
  ~identity_state();

  messages::identity_actor::behavior_type make_behavior();

private:
  /// What is said where the store does not answer.
  static constexpr const char* away_text =
    "Accounts cannot be reached at the moment; nothing was changed. Try again shortly.";

  /// Who waits for tokens, and for what, in the words of the metrics.
  struct asker {
    const char* kind;
    caf::typed_response_promise<messages::login_reply> to;
    login_guard::attempt_ptr attempt = nullptr; // of a sign-in by password
  };

  /// A login about to be stored.
  struct new_login {
    domain::uuid login_id;
    std::string family_salt;
    std::string token;
    domain::instant expires_at;
  };

  /// A login whose tokens are to be given out.
  struct grant_of {
    domain::uuid login_id;
    std::string token;
    domain::instant expires_at;
    bool second_factor = false; // as the store says it was opened
  };

  /// What a login is opened by: an answered challenge, or a password that was right when the account's
  /// credentials stood at this number.
  struct proof {
    std::string challenge;
    std::int64_t credentials = 0;
  };

  /// A presented token, on its way through the store.
  struct renewal {
    refresh_claim claim;
    std::string token;
    messages::device_info device;
    int attempts_left;
  };

  // registration.cpp
  void register_account(const messages::register_account& request, asker who);
  void store_account(messages::add_account account, std::string token, asker who);

  // sign_in.cpp
  void enter(const messages::log_in& request, asker who);
  void log_in(const messages::log_in& request, asker who);
  void renew_hash(const messages::account_image& account, const std::string& password);
  void ask_for_code(const messages::account_image& account, const messages::device_info& device,
                    asker who);
  void finish_log_in(const messages::finish_log_in& request, asker who);
  void open_login(const messages::profile& profile, const messages::device_info& device, proof by,
                  asker who);

  // renewal.cpp
  void renew(const messages::refresh_login& request, asker who);
  void load(renewal what, asker who);
  void judge(renewal what, const messages::login_image& login, asker who);
  void rotate(renewal what, const messages::login_image& login, asker who);
  void revoke_reused(const renewal& what, asker who);

  // identity.cpp
  void log_out(const messages::log_out& request,
               caf::typed_response_promise<messages::command_reply> to);
  new_login make_login(const domain::uuid& user_id) const;
  bool admit();
  void grant(const messages::profile& profile, grant_of login, asker who);
  void refuse(messages::failure why, asker who);
  void refuse(messages::failure_code code, std::string detail, asker who);
  void count(const char* kind, const char* result);
  void note(const char* kind, const domain::uuid& user_id, const domain::uuid& actor_id,
            const messages::device_info& device);
  void lost_event(const char* kind);
  void tell_revoked(const domain::uuid& user_id, const domain::uuid& login_id);

  messages::identity_actor::pointer self_;
  parts parts_;
  login_guard guard_;
  std::size_t in_flight_ = 0;
};

} // namespace spotter::actors::identity
