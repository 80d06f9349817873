#pragma once

#include "links/outbox.hpp"

#include <memory>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>

namespace spotter::links {

/// The boxes of the peers that are up: what `send` looks into, from any thread.
class route_table {
public:
  [[nodiscard]] std::shared_ptr<outbox> find(const domain::uuid& incarnation) const {
    const std::shared_lock lock{mutex_};
    const auto it = boxes_.find(incarnation);
    return it == boxes_.end() ? nullptr : it->second;
  }

  void add(const domain::uuid& incarnation, std::shared_ptr<outbox> box) {
    const std::lock_guard lock{mutex_};
    boxes_[incarnation] = std::move(box);
  }

  void remove(const domain::uuid& incarnation) {
    const std::lock_guard lock{mutex_};
    boxes_.erase(incarnation);
  }

private:
  mutable std::shared_mutex mutex_;
  std::unordered_map<domain::uuid, std::shared_ptr<outbox>> boxes_;
};

} // namespace spotter::links
