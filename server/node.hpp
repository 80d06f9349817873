#pragma once

#include "config/settings.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace spotter::server {

/// One running Spotter: all parts, wired. The composition root; nothing else knows them all.
///
/// Starts in the order in which the parts need each other: database, schema, catalogue, ownership of
/// the shards (before anything is loaded), actors, gateway. Stops in the reverse order.
class node {
public:
  /// Starts everything; `tell` gets a sentence for each step. Throws std::runtime_error with a
  /// sentence that says which step failed, why, and what to do.
  node(const config::settings& settings, const std::function<void(const std::string&)>& tell);

  /// Stops at once what `drain` left.
  ~node();

  node(const node&) = delete;
  node& operator=(const node&) = delete;

  /// The port that it listens on.
  [[nodiscard]] std::uint16_t port() const;

  /// Stops accepting, tells sockets to come again elsewhere, lets work in flight commit, and returns
  /// when all connections have ended or after `limit`.
  void drain(std::chrono::milliseconds limit);

private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

} // namespace spotter::server
