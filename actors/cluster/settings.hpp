#pragma once

#include "actors/lease.hpp"
#include "actors/messages/handles.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

namespace spotter::actors::cluster {

/// Who this node is, and the limits and times of its part in the cluster.
struct settings {
  std::string node_id;      // the operator's name for it
  std::string address;      // host:port where other nodes reach it
  std::string http_address; // where clients reach it; may be empty
  std::string release;      // of the program
  std::int32_t weight = 1;  // its part of the shards, relative to the others'
  std::int32_t protocol_min = 1;
  std::int32_t protocol_max = 1;

  std::chrono::milliseconds lease{2'000};
  std::chrono::milliseconds beat{400};            // between renewals of the lease
  std::chrono::milliseconds margin{300};          // it stops so long before its lease ends
  std::chrono::milliseconds store_timeout{5'000}; // of other requests to the coordinator
  std::chrono::milliseconds join_pause{200}; // after a refused or failed join; doubled, up to 5 s
  std::size_t moving = 64;                   // shards that change hands at a time

  std::size_t held_requests = 1'024;     // of one shard that has no owner; then refused
  std::chrono::milliseconds hold{3'000}; // each of them, at most
  std::chrono::milliseconds doubt{400};  // how long an owner that says "not me" is not asked
  std::size_t user_requests = 256;       // on their way to another node, of one user
  std::chrono::milliseconds request_time{10'000}; // until one of them is given up
  std::size_t peer_requests = 4'096;              // of one other node, in work here
  std::size_t peer_unsent = 4 * 1024 * 1024;   // bytes of answers that one other node does not take
  std::chrono::milliseconds resend{20};        // between attempts to send them
  std::chrono::milliseconds idle_time{60'000}; // unused for one to two of these, a proxy ends
  std::chrono::milliseconds revocation_time{600'000}; // ended logins are told to nodes that come
  std::size_t revocations = 10'000;                   // within this time; so many at most
};

/// What the rest of the program does for the cluster. All are called from actors' threads.
struct ports {
  messages::cluster_store_actor store;

  /// Starts the links of this node under a new incarnation, delivering to `receiver`. The former
  /// ones are gone by then. May throw std::runtime_error: it is tried again, and the node does not
  /// take part until then.
  std::function<messages::peer_links_ptr(const domain::uuid& incarnation,
                                         const caf::actor& receiver)>
    open_links;

  /// Starts the shard, which this node owns under `epoch` from now on. Its sessions speak from memory
  /// only while `served` holds.
  std::function<messages::shard_actor(std::int32_t shard, std::int64_t epoch, lease_ptr served)>
    open_shard;

  /// What leases go by.
  actors::lease::clock clock = actors::lease::boot_time;

  /// Another node ended a login.
  std::function<void(const messages::login_revoked&)> login_revoked = [](const auto&) {};

  /// An operator asked that this node gives all its shards away, and it has. It goes on to serve its
  /// connections through the others until it is told to leave. If empty, it leaves by itself.
  std::function<void()> drained;
};

} // namespace spotter::actors::cluster
