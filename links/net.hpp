#pragma once

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <memory>

// The few Asio types that the links use.

namespace spotter::links {

namespace net = boost::asio;

/// The clock of every time-out.
using steady = std::chrono::steady_clock;

using io_executor = net::io_context::executor_type;
using tcp_socket = net::basic_stream_socket<net::ip::tcp, io_executor>;
using tcp_acceptor = net::basic_socket_acceptor<net::ip::tcp, io_executor>;
using timer = net::basic_waitable_timer<steady, net::wait_traits<steady>, io_executor>;

/// The one thread's loop. Shared, because other threads post to it as long as they hold a frame's
/// credit or look up a name, which may be after the links have stopped.
using loop_ptr = std::shared_ptr<net::io_context>;

} // namespace spotter::links
