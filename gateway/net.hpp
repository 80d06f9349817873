#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>

// The few Asio types that the gateway uses, with the executor spelled out: a type-erased one costs
// memory in every pending operation.

namespace spotter::gateway {

namespace net = boost::asio;

using io_executor = net::io_context::executor_type;
using tcp_socket = net::basic_stream_socket<net::ip::tcp, io_executor>;

template <class T>
using awaitable = net::awaitable<T, io_executor>;

inline constexpr net::use_awaitable_t<io_executor> use_awaitable{};

/// The clock of every time-out.
using steady = std::chrono::steady_clock;

} // namespace spotter::gateway
