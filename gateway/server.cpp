#include "gateway/server.hpp"

#include "gateway/live/hub.hpp"
#include "gateway/worker.hpp"

#include <sodium.h>

#include <csignal>
#include <stdexcept>
#include <thread>

namespace spotter::gateway {

struct server::parts {
  parts(caf::actor_system& system, gateway_config config, gateway_ports ports)
    : common(system, std::move(config), std::move(ports)) {}

  shared common;
  std::vector<std::unique_ptr<worker>> workers;
  std::uint16_t port = 0;
};

server::server(caf::actor_system& system, gateway_config config, gateway_ports ports) {
  if (sodium_init() < 0)
    throw std::runtime_error("libsodium can't be set up");
  if (config.io_threads == 0)
    config.io_threads = 1;
  parts_ = std::make_unique<parts>(system, std::move(config), std::move(ports));
  for (unsigned i = 0; i < parts_->common.config.io_threads; ++i)
    parts_->workers.push_back(std::make_unique<worker>(parts_->common, i));
}

server::~server() {
  stop();
}

void server::refuse(const std::vector<messages::login_revoked>& ended) {
  const auto now = domain::now();
  for (auto& w : parts_->workers)
    for (const auto& login : ended)
      w->tokens().revoke(login.login_id, now);
}

void server::start() {
  // OpenSSL writes without MSG_NOSIGNAL.
  std::signal(SIGPIPE, SIG_IGN);
  parts_->port = parts_->common.config.port;
  for (auto& w : parts_->workers)
    parts_->port = w->bind(parts_->port);
  for (auto& w : parts_->workers)
    w->start();
}

std::uint16_t server::port() const noexcept {
  return parts_->port;
}

std::vector<caf::actor> server::listeners() const {
  std::vector<caf::actor> out;
  for (const auto& w : parts_->workers)
    out.push_back(w->companion());
  return out;
}

bool server::drain(std::chrono::milliseconds deadline) {
  const auto until = steady::now() + deadline;
  parts_->common.draining = true;
  for (auto& w : parts_->workers)
    w->drain();
  const auto done = [this] {
    return parts_->common.closed_acceptors >= parts_->workers.size()
           && parts_->common.gate.connections() == 0;
  };
  while (!done() && steady::now() < until)
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  return done();
}

void server::stop() {
  for (auto& w : parts_->workers)
    w->stop();
  for (auto& w : parts_->workers)
    w->join();
}

} // namespace spotter::gateway
