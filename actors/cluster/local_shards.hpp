#pragma once

#include "actors/messages/handles.hpp"

#include <array>
#include <mutex>
#include <utility>

namespace spotter::actors::cluster {

/// The shards that this node owns and serves, for those who answer other nodes' requests. Safe from
/// any thread.
class local_shards {
public:
  struct place {
    std::int64_t epoch = 0; // 0: not here
    messages::shard_actor shard;
  };

  [[nodiscard]] place find(std::int32_t shard) const {
    const std::lock_guard guard{mutex_};
    return places_.at(static_cast<std::size_t>(shard));
  }

  void open(std::int32_t shard, std::int64_t epoch, messages::shard_actor actor) {
    const std::lock_guard guard{mutex_};
    places_.at(static_cast<std::size_t>(shard)) = {epoch, std::move(actor)};
  }

  void close(std::int32_t shard) {
    const std::lock_guard guard{mutex_};
    places_.at(static_cast<std::size_t>(shard)) = {};
  }

private:
  mutable std::mutex mutex_;
  std::array<place, messages::shard_count> places_;
};

} // namespace spotter::actors::cluster
