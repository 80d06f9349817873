#pragma once

#include "gateway/bridge/bridge.hpp"

#include <boost/asio/async_result.hpp>

#include <type_traits>

namespace spotter::gateway {

/// Resumes a coroutine with the result of an ask.
template <class Handler>
class waiting_coroutine final : public ask_op {
public:
  explicit waiting_coroutine(Handler handler) : handler_(std::move(handler)) {}

  void done(std::unique_ptr<ask_op> self, ask_result result) override {
    auto handler = std::move(handler_);
    self.reset();
    std::move(handler)(std::move(result));
  }

private:
  Handler handler_;
};

/// Suspends until the op that `start(std::unique_ptr<ask_op>)` is given is done.
template <class Start>
awaitable<ask_result> await_ask(Start start) {
  return net::async_initiate<const net::use_awaitable_t<io_executor>, void(ask_result)>(
    [start = std::move(start)](auto handler) mutable {
      using op = waiting_coroutine<std::decay_t<decltype(handler)>>;
      start(std::make_unique<op>(std::move(handler)));
    },
    use_awaitable);
}

} // namespace spotter::gateway
