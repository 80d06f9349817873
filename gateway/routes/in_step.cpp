#include "gateway/routes/in_step.hpp"

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>

namespace spotter::gateway {

namespace {

using step_timer = net::basic_waitable_timer<steady, net::wait_traits<steady>, io_executor>;

/// Longer than a sign-in takes that waits for nobody.
constexpr std::chrono::milliseconds step{50};

} // namespace

steady::time_point next_step(steady::time_point began, steady::time_point now) {
  return began + ((now - began) / step + 1) * step;
}

awaitable<response> in_step(awaitable<response> what, int at_once) {
  const auto began = steady::now();
  auto out = co_await std::move(what);
  if (out.status == at_once)
    co_return out;
  const auto executor = co_await net::this_coro::executor;
  step_timer next{executor, next_step(began, steady::now())};
  boost::system::error_code ignored;
  co_await next.async_wait(net::redirect_error(use_awaitable, ignored));
  co_return out;
}

} // namespace spotter::gateway
