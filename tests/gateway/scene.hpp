#pragma once

#include "actors/messages/factor.hpp"
#include "gateway/server.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>

#include <sodium.h>

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace spotter::test {

/// What the fake actors know and were asked. Outlives sessions, as a database would.
struct story {
  std::mutex mutex;
  domain::uuid user_id = domain::make_uuid_v7();
  std::vector<messages::event> events;
  std::vector<messages::command> commands;
  caf::actor session; // the one that is alive
  int sessions = 0;   // how many there have been
  std::vector<caf::actor> sinks;
  int unsubscribed = 0;
  bool closed = false; // no session is made any more
  /// Decides a command; by default it is answered with `{"seq":N}`.
  std::function<messages::command_reply(const messages::command&)> decide;
  bool silent = false; // commands get no answer
  bool dies = false;   // the session ends with the next command in hand
  int keys_asked = 0;  // how often it was asked whose an API key is; `spk_good` is the user's
};

/// Whole gateway, fake actors behind it: real sockets, real io threads.
class scene {
public:
  /// Starts a gateway on a free port of the loopback; `adjust` changes its configuration.
  explicit scene(const std::function<void(gateway::gateway_config&)>& adjust = {});
  ~scene();

  [[nodiscard]] std::uint16_t port() const { return server_->port(); }
  [[nodiscard]] gateway::server& server() { return *server_; }
  [[nodiscard]] story& known() { return *story_; }

  /// An access token of the scene's user.
  [[nodiscard]] std::string token(std::chrono::seconds lifetime = std::chrono::seconds{600}) const;
  [[nodiscard]] const domain::uuid& login_id() const { return login_id_; }

  /// Commits and publishes `count` events, each with `padding` bytes of data.
  void publish(int count, std::size_t padding = 0);
  /// The session tells its sinks that it ends, and ends.
  void end_session();
  /// The session ends without a word to anyone.
  void kill_session();
  void tell_listeners(const messages::login_revoked& what);

private:
  caf::actor_system_config config_;
  caf::actor_system system_;
  std::shared_ptr<story> story_ = std::make_shared<story>();
  messages::shard_actor shard_;
  messages::reader_actor reader_;
  messages::shared_state_actor limits_;
  messages::factors_actor factors_;
  domain::uuid login_id_ = domain::make_uuid_v7();
  gateway::verification_key key_;
  unsigned char secret_[crypto_sign_SECRETKEYBYTES];
  std::unique_ptr<gateway::server> server_;
};

} // namespace spotter::test
