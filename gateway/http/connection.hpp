#pragma once

#include "gateway/http/forwarded.hpp"
#include "gateway/http/request_parser.hpp"
#include "gateway/http/response.hpp"
#include "gateway/limits/limiter.hpp"
#include "gateway/router.hpp"
#include "gateway/transport.hpp"

#include <boost/asio/ip/address.hpp>

#include <memory>
#include <optional>
#include <string>

namespace spotter::gateway {

/// One HTTP/1.1 connection: reads requests one after the other, answers each in order. Becomes a
/// WebSocket or an event stream by handing its socket on. Lives as long as its coroutine.
///
/// Its time-outs have no timers: each phase has a deadline, which the worker's sweep looks at.
class http_connection : public std::enable_shared_from_this<http_connection> {
public:
  http_connection(worker& at, transport stream, net::ip::address peer);
  ~http_connection();
  http_connection(const http_connection&) = delete;
  http_connection& operator=(const http_connection&) = delete;

  /// Starts its coroutine, which keeps it alive.
  void start();

  /// Breaks it off when its phase has lasted too long.
  void sweep(steady::time_point now);

  /// Lets it end: at once when it waits for a request, after its answer otherwise.
  void drain();

  /// Breaks it off.
  void abort();

  /// Where it stands in the worker's table.
  std::size_t table_index = 0;

private:
  enum class phase : std::uint8_t { idle, head, body, working, writing, lingering };

  void enter(phase next);
  awaitable<void> run();
  awaitable<bool> shake_hands();
  /// Reads until the parser has come to `head`, `done` or `failed`; `need_more` when the peer left.
  /// `head` once more when the body has grown larger than `pause_at_`.
  awaitable<request_parser::step> read_until_step();
  awaitable<bool> fill();
  /// Lets the thread's other connections have their turn.
  awaitable<void> give_way();
  /// Handles one request; false when the connection is to end or was handed on.
  awaitable<bool> serve_one();
  /// Says who the client of the current request is: the peer, or whom a trusted proxy names.
  void find_source();
  awaitable<response> answer(call& c, const router::match& found, request_parser::step step,
                             bool& unread_body);
  [[nodiscard]] std::optional<response> judge(call& c, const router::match& found,
                                              std::size_t limit);
  /// The refusal of an API key that may not use a route.
  [[nodiscard]] std::optional<response> refuse_key(const caller& who, const route& row) const;
  /// Whether the request may have a token and comes with an API key of which nothing is known.
  [[nodiscard]] bool has_unknown_key(const call& c, const router::match& found);
  awaitable<std::optional<response>> ask_for_key(call& c);
  /// Reads and writes of an account, decided at once.
  [[nodiscard]] std::optional<response> limit_account(const route& row);
  /// What is limited by those who count for all threads.
  awaitable<std::optional<response>> limit_exactly(limit_kind kind);
  [[nodiscard]] std::optional<response> limited(const allowance& how, limit_kind kind);
  [[nodiscard]] response no_room(bool upload) const;
  awaitable<response> run_route(call& c, const route& row);
  awaitable<bool> write(const response& what, bool close);
  awaitable<bool> write_all(std::string_view head, std::string_view content);
  awaitable<void> linger();
  void compose_head(std::string& out, const response& what, std::string_view content, bool close,
                    bool compressed);
  void add_cors(std::string& out);
  void hand_on(const response& what);

  worker& at_;
  transport stream_;
  net::ip::address peer_;
  net::ip::address client_; // of the current request
  std::string client_text_;
  request_parser parser_;
  std::unique_ptr<char[]> buffer_;
  std::size_t capacity_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t pause_at_ = 0; // while a body is read

  phase phase_ = phase::idle;
  steady::time_point deadline_;
  steady::time_point body_until_; // however much progress it makes
  steady::time_point written_until_;
  steady::time_point request_began_;
  std::string trace_id_;
  std::string request_id_;
  std::string rate_headers_;
  caller who_;
  bool secured_ = false; // the client came over TLS, to us or to a trusted proxy
  bool first_request_ = true;
  bool expired_ = false;
  bool draining_ = false;
  bool handed_on_ = false;
};

} // namespace spotter::gateway
