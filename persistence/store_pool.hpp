#pragma once

#include "persistence/connection.hpp"

#include <caf/actor_addr.hpp>
#include <caf/exit_reason.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstddef>
#include <utility>
#include <vector>

namespace spotter::persistence {

/// Workers behind one actor: each with a thread and a connection, each able to answer what the actor
/// of type `Handle` is asked. A request goes to the one that has least to do; what exceeds
/// `max_backlog` is refused; a worker that dies is replaced.
template <class Handle, class WorkerState>
class store_pool {
public:
  store_pool(typename Handle::pointer self, connection_settings connection, std::size_t max_backlog)
    : self_(self), connection_(std::move(connection)), max_backlog_(max_backlog) {}
  store_pool(const store_pool&) = delete;
  store_pool& operator=(const store_pool&) = delete;

  ~store_pool() {
    for (const auto& at : slots_)
      caf::anon_send_exit(at.worker, caf::exit_reason::user_shutdown);
  }

  /// Called once, when the actor makes its behavior.
  void start(std::size_t workers) {
    self_->set_down_handler([this](const caf::down_msg& down) { replace(down.source); });
    slots_.resize(std::max(workers, std::size_t{1}));
    for (auto& at : slots_)
      at.worker = spawn_worker();
  }

  /// Lets a worker answer; `refuse(answer_to)` answers instead where too much is under way.
  template <class Answer, class Request, class Refuse>
  caf::typed_response_promise<Answer> forward(Request& ask, Refuse refuse) {
    auto to = self_->template make_response_promise<Answer>();
    if (pending_ >= max_backlog_) {
      refuse(to);
      return to;
    }
    const auto least =
      std::min_element(slots_.begin(), slots_.end(),
                       [](const slot& a, const slot& b) { return a.pending < b.pending; });
    const auto index = static_cast<std::size_t>(least - slots_.begin());
    ++pending_;
    ++least->pending;
    // No time-out: the worker is in this process, and its end is noticed.
    self_->request(least->worker, caf::infinite, std::move(ask))
      .then(
        [this, index, to](Answer& answer) mutable {
          ended(index);
          to.deliver(std::move(answer));
        },
        [this, index, to](caf::error& error) mutable {
          ended(index);
          to.deliver(std::move(error));
        });
    return to;
  }

private:
  struct slot {
    Handle worker;
    std::size_t pending = 0;
  };

  Handle spawn_worker() {
    using worker = typename Handle::template stateful_impl<WorkerState>;
    auto result = self_->template spawn<worker, caf::detached>(connection_);
    self_->monitor(result);
    return result;
  }

  void replace(const caf::actor_addr& dead) {
    for (auto& at : slots_) {
      if (at.worker.address() != dead)
        continue;
      spdlog::error("{} died and is replaced", WorkerState::name);
      at.worker = spawn_worker();
      return;
    }
  }

  void ended(std::size_t index) {
    --pending_;
    --slots_[index].pending;
  }

  typename Handle::pointer self_;
  connection_settings connection_;
  std::size_t max_backlog_;
  std::vector<slot> slots_;
  std::size_t pending_ = 0;
};

} // namespace spotter::persistence
