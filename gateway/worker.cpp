#include "gateway/worker.hpp"

#include "gateway/http/connection.hpp"
#include "gateway/live/hub.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>

#include <caf/actor_cast.hpp>

#include <sodium.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>

#include <ctime>

namespace spotter::gateway {

namespace {

using namespace std::chrono_literals;

using reuse_port = net::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

constexpr auto tick_every = 100ms;
constexpr int ticks_per_sweep = 10;

// What a connection over the limit is told, where it can be told at all.
constexpr std::string_view refusal =
  "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nConnection: close\r\n"
  "Content-Length: 0\r\n\r\n";

} // namespace

worker::worker(shared& common, unsigned index)
  : common_(common), index_(index), work_(net::make_work_guard(io_.get_executor())),
    acceptor_(io_.get_executor()), ticker_(io_.get_executor()), accept_pause_(io_.get_executor()),
    bridge_(common.system, io_, common.config.limits.pending_asks),
    sessions_(bridge_, common.ports.shard_of),
    limits_(common.system, bridge_, common.ports.limits, common.config.limits), api_keys_(*this),
    tokens_(common.ports.keys, common.config.issuer), live_(std::make_unique<live_hub>(*this)),
    scratch_(std::make_unique<std::array<char, 64 * 1024>>()) {
  randombytes_buf(random_, sizeof random_);
  bridge_.handle([this](caf::message& content) { on_message(content); },
                 [this] { live_->flush(); });
}

worker::~worker() {
  stop();
  join();
}

std::uint16_t worker::bind(std::uint16_t port) {
  const net::ip::tcp::endpoint where{net::ip::make_address(common_.config.address), port};
  acceptor_.open(where.protocol());
  acceptor_.set_option(net::socket_base::reuse_address(true));
  // Each io thread has an acceptor of its own; the kernel shares the connections out.
  acceptor_.set_option(reuse_port(true));
  acceptor_.bind(where);
  acceptor_.listen(4'096);
  return acceptor_.local_endpoint().port();
}

void worker::start() {
  net::co_spawn(io_, accept(), net::detached);
  net::co_spawn(io_, tick(), net::detached);
  thread_ = std::thread{[this] {
    while (true) {
      try {
        io_.run();
        return;
      } catch (const std::exception& e) {
        // Only a defect gets here: the thread's other connections go on.
        spdlog::critical("io thread {}: {}", index_, e.what());
      }
    }
  }};
}

void worker::drain() {
  net::post(io_, [this] {
    draining_ = true;
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    ++common_.closed_acceptors;
    for (auto* connection : connections_)
      connection->drain();
    live_->drain();
  });
}

void worker::stop() {
  if (!thread_.joinable())
    return;
  net::post(io_, [this] {
    if (stopping_)
      return;
    draining_ = stopping_ = true;
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    accept_pause_.cancel();
    ticker_.cancel();
    live_->abort();
    for (auto* connection : connections_)
      connection->abort();
    bridge_.close();
    work_.reset();
  });
}

void worker::join() {
  if (thread_.joinable())
    thread_.join();
}

awaitable<void> worker::accept() {
  while (acceptor_.is_open()) {
    boost::system::error_code ec;
    net::ip::tcp::endpoint peer;
    tcp_socket socket{io_.get_executor()};
    co_await acceptor_.async_accept(socket, peer, net::redirect_error(use_awaitable, ec));
    if (!acceptor_.is_open())
      co_return;
    if (ec) {
      // Out of file descriptors, or the like: the peer keeps waiting in the kernel's queue.
      spdlog::warn("accept failed: {}", ec.message());
      accept_pause_.expires_after(100ms);
      co_await accept_pause_.async_wait(net::redirect_error(use_awaitable, ec));
      continue;
    }
    if (!common_.gate.open(peer.address())) {
      common_.metrics.refused_connections->inc();
      if (!common_.tls)
        ::send(socket.native_handle(), refusal.data(), refusal.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      continue;
    }
    std::make_shared<http_connection>(*this, transport{std::move(socket), common_.tls.get()},
                                      peer.address())
      ->start();
  }
}

awaitable<void> worker::tick() {
  for (int n = 1; !stopping_; ++n) {
    boost::system::error_code ec;
    ticker_.expires_after(tick_every);
    co_await ticker_.async_wait(net::redirect_error(use_awaitable, ec));
    if (stopping_)
      co_return;
    const auto now = steady::now();
    bridge_.sweep(now);
    if (n % ticks_per_sweep == 0)
      sweep(now);
    live_->tick(now);
  }
}

void worker::sweep(steady::time_point now) {
  for (auto* connection : connections_)
    connection->sweep(now);
  live_->sweep(now);
  sessions_.sweep(now);
  limits_.sweep(now);
  tokens_.sweep(domain::now());
  const auto pending = static_cast<std::int64_t>(bridge_.pending());
  common_.metrics.pending_asks->inc(pending - reported_pending_);
  reported_pending_ = pending;
}

void worker::on_message(caf::message& content) {
  if (content.match_elements<messages::login_revoked>()) {
    const auto& ended = content.get_as<messages::login_revoked>(0);
    tokens_.revoke(ended.login_id, domain::now());
    live_->revoke(ended.login_id);
    return;
  }
  if (!live_->on_message(content))
    spdlog::debug("io thread {} got a message it does not know", index_);
}

std::string_view worker::http_date() {
  const auto now = std::time(nullptr);
  if (now != date_second_) {
    date_second_ = now;
    std::tm parts{};
    gmtime_r(&now, &parts);
    char text[64];
    const auto n = std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    date_.assign(text, n);
  }
  return date_;
}

std::string worker::make_trace_id() {
  // xorshift128+: unique, not secret.
  const auto next = [this] {
    auto x = random_[0];
    const auto y = random_[1];
    random_[0] = y;
    x ^= x << 23;
    random_[1] = x ^ y ^ (x >> 17) ^ (y >> 26);
    return random_[1] + y;
  };
  constexpr char hex[] = "0123456789abcdef";
  std::string out(32, '0');
  for (std::size_t half = 0; half < 2; ++half) {
    auto bits = next();
    for (std::size_t i = 0; i < 16; ++i, bits >>= 4)
      out[half * 16 + i] = hex[bits & 15];
  }
  return out;
}

void worker::add(http_connection& connection) {
  connection.table_index = connections_.size();
  connections_.push_back(&connection);
}

void worker::remove(http_connection& connection) {
  auto* last = connections_.back();
  connections_.pop_back();
  if (last != &connection) {
    connections_[connection.table_index] = last;
    last->table_index = connection.table_index;
  }
}

} // namespace spotter::gateway
