#pragma once

#include "links/links.hpp"
#include "tests/links/certificates.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace spotter::test {

using namespace std::chrono_literals;

/// What a node's receiver was told, in order.
struct told {
  std::optional<domain::uuid> up;
  std::optional<messages::peer_down> down;
  std::optional<messages::peer_received> received;
};

/// Collects what a receiver is told, for a test that waits.
class inbox {
public:
  void put(told what);

  /// Takes the next; fails the test after `limit`.
  told next(std::chrono::milliseconds limit = 10s);
  /// Takes the next, which must be of that kind.
  domain::uuid next_up(std::chrono::milliseconds limit = 10s);
  messages::peer_down next_down(std::chrono::milliseconds limit = 10s);
  messages::peer_received next_received(std::chrono::milliseconds limit = 10s);

  [[nodiscard]] std::size_t size();

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<told> all_;
};

/// A node with links and nothing else.
class node {
public:
  using adjust = std::function<void(links::link_settings&)>;

  /// Starts it on a free port of the loopback.
  node(const std::string& node_id, const identity_files& files, const adjust& change = {});
  ~node();

  [[nodiscard]] const domain::uuid& incarnation() const { return settings_.incarnation; }
  [[nodiscard]] std::string address() const {
    return "127.0.0.1:" + std::to_string(links_->port());
  }
  /// How others are to reach it.
  [[nodiscard]] messages::peer_address as_peer() const {
    return {incarnation(), settings_.node_id, address()};
  }
  [[nodiscard]] links::node_links& links() { return *links_; }
  [[nodiscard]] inbox& told() { return *inbox_; }
  [[nodiscard]] caf::actor_system& system() { return system_; }

  /// A counter of the links' metrics by its name ("full") or by the reason of a refusal.
  [[nodiscard]] std::int64_t counted(const std::string& name) const;
  [[nodiscard]] std::int64_t refused(const std::string& reason) const;

  /// Waits until `holds`; looks again every few milliseconds, fails the test after 10 s.
  static void until(const std::function<bool()>& holds, const char* what);

  /// Waits until the status of the peer has a reason that contains `words`.
  void until_why(const domain::uuid& peer, const std::string& words);

private:
  caf::actor_system_config config_;
  caf::actor_system system_;
  links::link_settings settings_;
  std::shared_ptr<inbox> inbox_ = std::make_shared<inbox>();
  links::node_links_ptr links_;
};

/// Certificates, and links between two nodes.
struct pair_scene {
  temporary_folder folder;
  authority ca{folder, "cluster"};
  node a;
  node b;

  explicit pair_scene(const node::adjust& change_a = {}, const node::adjust& change_b = {});
  /// Makes each want the other.
  void want();
  /// Makes each want the other, and waits until both are up.
  void connect();
};

/// A message that carries a number.
[[nodiscard]] messages::peer_frame numbered(std::uint32_t number);
[[nodiscard]] std::uint32_t number_of(const messages::peer_frame& frame);

/// A message of about `size` bytes.
[[nodiscard]] messages::peer_frame sized(std::size_t size);

/// Bytes of memory that this process holds (RssAnon); nothing under the address sanitizer.
[[nodiscard]] std::size_t resident_bytes();

} // namespace spotter::test
