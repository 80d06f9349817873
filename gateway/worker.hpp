#pragma once

#include "gateway/bridge/bridge.hpp"
#include "gateway/bridge/sessions.hpp"
#include "gateway/limits/key_lookup.hpp"
#include "gateway/limits/limiter.hpp"
#include "gateway/shared.hpp"
#include "gateway/token.hpp"

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/executor_work_guard.hpp>

#include <array>
#include <memory>
#include <thread>
#include <vector>

namespace spotter::gateway {

class http_connection;
class live_hub;

/// One io thread with all that it owns: its acceptor, its connections, its companion actor. Nothing
/// in it is locked, because nobody else touches it.
class worker {
public:
  using timer = net::basic_waitable_timer<steady, net::wait_traits<steady>, io_executor>;

  worker(shared& common, unsigned index);
  ~worker();
  worker(const worker&) = delete;
  worker& operator=(const worker&) = delete;

  /// Binds its acceptor; port 0 takes any free one. Returns the port. Throws
  /// boost::system::system_error when it can't.
  std::uint16_t bind(std::uint16_t port);

  /// Runs the thread.
  void start();

  // From any thread:

  /// Stops accepting; connections end by themselves as soon as they can.
  void drain();
  /// Breaks what is left and makes the thread end; to be followed by `join`.
  void stop();
  void join();

  /// The actor to tell about ended logins (`login_revoked`).
  [[nodiscard]] const caf::actor& companion() const noexcept { return bridge_.companion(); }

  // On its own thread only:

  [[nodiscard]] net::io_context& io() noexcept { return io_; }
  [[nodiscard]] shared& common() noexcept { return common_; }
  [[nodiscard]] bridge& actors() noexcept { return bridge_; }
  [[nodiscard]] sessions& users() noexcept { return sessions_; }
  [[nodiscard]] limiter& limits() noexcept { return limits_; }
  [[nodiscard]] key_lookup& api_keys() noexcept { return api_keys_; }
  [[nodiscard]] token_verifier& tokens() noexcept { return tokens_; }
  [[nodiscard]] live_hub& live() noexcept { return *live_; }
  [[nodiscard]] bool draining() const noexcept { return draining_; }

  /// A buffer that anyone may use until the next suspension.
  [[nodiscard]] std::array<char, 64 * 1024>& scratch() noexcept { return *scratch_; }

  /// The current date as an HTTP header has it, renewed every second.
  [[nodiscard]] std::string_view http_date();

  /// A fresh random trace id, 32 hex digits.
  [[nodiscard]] std::string make_trace_id();

  void add(http_connection& connection);
  void remove(http_connection& connection);

private:
  awaitable<void> accept();
  awaitable<void> tick();
  void sweep(steady::time_point now);
  void on_message(caf::message& content);

  shared& common_;
  unsigned index_;
  net::io_context io_{1};
  net::executor_work_guard<io_executor> work_;
  net::basic_socket_acceptor<net::ip::tcp, io_executor> acceptor_;
  timer ticker_;
  timer accept_pause_;
  bridge bridge_;
  sessions sessions_;
  limiter limits_;
  key_lookup api_keys_;
  token_verifier tokens_;
  std::unique_ptr<live_hub> live_;
  std::vector<http_connection*> connections_;
  std::unique_ptr<std::array<char, 64 * 1024>> scratch_;
  std::string date_;
  std::time_t date_second_ = 0;
  std::uint64_t random_[2];
  bool draining_ = false;
  bool stopping_ = false;
  std::int64_t reported_pending_ = 0;
  std::thread thread_;
};

} // namespace spotter::gateway
