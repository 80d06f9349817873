#pragma once

#include "gateway/config.hpp"
#include "gateway/ports.hpp"

#include <caf/actor_system.hpp>

#include <chrono>
#include <memory>
#include <vector>

namespace spotter::gateway {

/// The listener: REST, WebSocket and event streams on one port.
///
/// Order of a life: construct, `start`, `drain`, `stop`. The actor system must outlive it.
class server {
public:
  /// Throws std::runtime_error when the certificate can't be used.
  server(caf::actor_system& system, gateway_config config, gateway_ports ports);
  ~server();
  server(const server&) = delete;
  server& operator=(const server&) = delete;

  /// Refuses the access tokens of these logins, which ended before there was anybody to be told of
  /// it. Before `start`.
  void refuse(const std::vector<messages::login_revoked>& ended);

  /// Binds and serves. Throws boost::system::system_error when the port can't be had.
  void start();

  /// The port that is listened on, once started.
  [[nodiscard]] std::uint16_t port() const noexcept;

  /// One actor per io thread, to be told of each ended login (`login_revoked`).
  [[nodiscard]] std::vector<caf::actor> listeners() const;

  /// Stops accepting, lets requests end, tells sockets to reconnect. Returns when nothing is
  /// connected any more, or after `deadline`; true in the first case. Readiness fails from here on.
  bool drain(std::chrono::milliseconds deadline);

  /// Breaks what is left and ends the threads. Must be called before the actor system is destroyed.
  void stop();

private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

} // namespace spotter::gateway
