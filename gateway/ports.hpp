#pragma once

#include "actors/messages/handles.hpp"
#include "gateway/key_set.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace spotter::gateway {

/// A part of the program that must be able to work before traffic is welcome; answers `get_health`.
struct readiness_check {
  std::string part;
  caf::actor who;
};

/// Everything that the gateway reaches of the rest of the program. Handles of parts that a program
/// leaves out may be empty: their routes answer `unavailable`.
struct gateway_ports {
  /// The shard that holds the sessions of a user; called from the io threads, must be thread-safe.
  std::function<messages::shard_actor(const domain::uuid& user)> shard_of;
  messages::reader_actor reader;
  messages::identity_actor identity;
  messages::accounts_actor accounts;
  messages::mailer_actor outbox; // empty: there is no outbox
  messages::factors_actor factors;
  messages::recommend_actor recommender;
  messages::shared_state_actor limits; // empty: nothing is limited by rate
  messages::cluster_actor cluster;
  /// By whose signature a token is good. `keeper` is asked (`caf::update_atom`) to look for new ones
  /// when a token names one that is not known; it may be empty.
  std::shared_ptr<key_set> keys = std::make_shared<key_set>();
  caf::actor keeper;
  std::vector<readiness_check> readiness;
};

} // namespace spotter::gateway
