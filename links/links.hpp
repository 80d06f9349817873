#pragma once

#include "actors/messages/all.hpp"
#include "links/protocol.hpp"

#include <caf/actor.hpp>
#include <caf/fwd.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace spotter::links {

/// What a node's links are, and their limits. The first eight have no sensible default.
struct link_settings {
  std::string cluster_id;                   // nodes of another cluster are refused
  std::string node_id;                      // must be a DNS name in the certificate
  domain::uuid incarnation;                 // of this run of the node
  std::string release;                      // of the program; told to peers, judged by nobody
  std::string listen;                       // host:port; port 0 takes any free one
  std::string certificate;                  // PEM files: of this node,
  std::string key;                          // its private key,
  std::string ca;                           // and who may certify nodes; nothing else is trusted
  protocol_range protocol{};                // what this node speaks
  std::size_t max_frame = 65 * 1024 * 1024; // an import's file (64 MiB) travels in one command
  std::size_t window = 8 * 1024 * 1024;     // bytes that a peer may have sent and we not processed
  std::size_t queue = 4 * 1024 * 1024;      // bytes that wait here for one peer, then `full`
  std::size_t max_strangers = 32;           // connections that have not said who they are
  std::chrono::milliseconds ping{300};
  std::chrono::milliseconds silence{1500};    // nothing was heard for so long: the link is broken
  std::chrono::milliseconds connect{1000};    // to look up the name and connect
  std::chrono::milliseconds handshake{2000};  // TLS and hello
  std::chrono::milliseconds backoff_min{100}; // between dials; doubles, with jitter,
  std::chrono::milliseconds backoff_max{2000};
};

/// How a wanted peer stands, for people.
struct peer_status {
  domain::uuid incarnation;
  std::string node_id;
  std::string address;
  std::string release; // empty until it has been up
  bool up = false;
  std::string why;                         // it is not up, or was not before: the last reason
  std::chrono::microseconds round_trip{0}; // of the last ping
};

/// The links of this node; see README.md. Safe from any thread.
class node_links : public messages::peer_links {
public:
  /// Breaks all links without another word to the receiver, and waits for the thread to end.
  /// Afterwards `want` does nothing and `send` answers `away`. Happens by itself at destruction.
  virtual void stop() = 0;

  /// The port that it listens on.
  [[nodiscard]] virtual std::uint16_t port() const noexcept = 0;

  /// How each wanted peer stands, by node id.
  [[nodiscard]] virtual std::vector<peer_status> status() const = 0;
};

using node_links_ptr = std::shared_ptr<node_links>;

/// Starts listening, on a thread of its own. `receiver` is sent `peer_up`, `peer_received` and
/// `peer_down` from then on; the links keep it alive until `stop`. Throws std::runtime_error with a
/// sentence for people when the settings can't be used: a file is missing or can't be read, the key
/// does not belong to the certificate, the certificate is not of the CA, has expired or lacks the
/// node's name, the address is in use. Never starts without TLS.
[[nodiscard]] node_links_ptr spawn_links(caf::actor_system& system, link_settings settings,
                                         caf::actor receiver);

} // namespace spotter::links
