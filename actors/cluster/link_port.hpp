#pragma once

#include "actors/messages/peer.hpp"

#include <mutex>
#include <shared_mutex>
#include <utility>
#include <vector>

namespace spotter::actors::cluster {

/// The links of the node's present incarnation, if it has any. Safe from any thread.
class link_port {
public:
  /// As the links do; `away` while there are none.
  messages::frame_sent send(const domain::uuid& incarnation, messages::peer_frame frame) const {
    const std::shared_lock guard{mutex_};
    return links_ ? links_->send(incarnation, std::move(frame)) : messages::frame_sent::away;
  }

  void want(std::vector<messages::peer_address> peers) const {
    const std::shared_lock guard{mutex_};
    if (links_)
      links_->want(std::move(peers));
  }

  void open(messages::peer_links_ptr links) {
    const std::unique_lock guard{mutex_};
    links_ = std::move(links);
  }

  /// Ends the links, and returns when nothing comes of them any more.
  void close() {
    messages::peer_links_ptr former;
    {
      const std::unique_lock guard{mutex_};
      former.swap(links_);
    }
  }

private:
  mutable std::shared_mutex mutex_;
  messages::peer_links_ptr links_;
};

} // namespace spotter::actors::cluster
