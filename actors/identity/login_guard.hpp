#pragma once

#include "actors/identity/settings.hpp"
#include "actors/messages/handles.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace spotter::actors::identity {

/// Makes who guesses passwords wait, longer each time, without a stranger being able to lock an
/// owner out. Three counters know of an attempt to sign in:
///
/// - of the account *from this network*: some are free, then each wait is twice the last; after
///   `attempt_settings::most` in a row that network rests for a day. Success forgives all.
/// - of the account, from wherever: the same, with twice as many free. It stops guesses from many
///   networks, and slows unknown networks only: one from which the account has signed in before (a
///   login's last use counts, too) passes it.
/// - of the network, over all accounts: failures only, with waits of at most a minute. Known networks
///   of an account pass it, too.
///
/// A device that holds a refresh token never comes here. An attempt is counted before the password is
/// looked at, so guesses made at once don't slip through together, and all of this happens, and takes
/// the same time, whether there is such an account or not. A network is an IPv4 address or the 64-bit
/// prefix of an IPv6 one.
///
/// Who shares a network with the owner can make the owner wait there, and learn that the account has
/// signed in from there.
class login_guard {
public:
  using actor = messages::identity_actor::pointer;

  /// One attempt that was let through. Without a word of how it ended, it is taken back.
  class attempt {
  public:
    attempt(const login_guard& guard, std::string account, std::string network, bool by_known);
    ~attempt();
    attempt(const attempt&) = delete;
    attempt& operator=(const attempt&) = delete;

    void failed();
    void succeeded();

  private:
    void take_back();
    void forgive_account();

    messages::shared_state_actor counts_;
    attempt_settings settings_;
    std::string account_;
    std::string network_;
    bool by_known_; // not counted with the account
    bool over_ = false;
  };
  using attempt_ptr = std::shared_ptr<attempt>;

  /// Called with the attempt, or with the refusal. Neither: nobody counts.
  using verdict_handler = std::function<void(attempt_ptr, std::optional<messages::failure>)>;

  login_guard(actor self, const settings& how, messages::identity_store_actor store,
              std::function<std::string(std::string_view)> disguise);

  /// May somebody at this address try this account's password now?
  void enter(const std::string& email, const std::string& address, verdict_handler then) const;

private:
  void judge(attempt_ptr tried, const messages::attempts_counted& counted, const std::string& email,
             const std::string& network, const verdict_handler& then) const;

  actor self_;
  attempt_settings settings_;
  std::chrono::milliseconds store_timeout_;
  messages::identity_store_actor store_;
  std::function<std::string(std::string_view)> disguise_;
};

/// Who counts as one network: an IPv4 address, or the first 64 bits of an IPv6 one. Anything else
/// stands for itself.
[[nodiscard]] std::string network_of(const std::string& address);

} // namespace spotter::actors::identity
