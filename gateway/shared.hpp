#pragma once

#include "gateway/admission.hpp"
#include "gateway/config.hpp"
#include "gateway/metrics.hpp"
#include "gateway/ports.hpp"
#include "gateway/router.hpp"
#include "gateway/transport.hpp"

#include <caf/actor_system.hpp>

#include <atomic>

namespace spotter::gateway {

/// What all io threads of a gateway share. Constant once it listens, or safe from any thread.
struct shared {
  shared(caf::actor_system& sys, gateway_config configuration, gateway_ports reached)
    : system(sys), config(std::move(configuration)), ports(std::move(reached)), metrics(sys),
      routes(sys), gate(config.limits, config.trusted) {
    if (!config.tls_certificate.empty())
      tls = make_tls_context(config.tls_certificate, config.tls_key);
  }

  caf::actor_system& system;
  const gateway_config config;
  const gateway_ports ports;
  gateway_metrics metrics;
  const router routes;
  admission gate;
  ssl_context tls;
  std::atomic<bool> draining{false};
  std::atomic<unsigned> closed_acceptors{0};
};

} // namespace spotter::gateway
