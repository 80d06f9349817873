#include "gateway/http/connection.hpp"

#include "gateway/http/header_values.hpp"
#include "gateway/live/hub.hpp"
#include "gateway/routes/answers.hpp"
#include "gateway/worker.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>

#include <spdlog/spdlog.h>

#include <algorithm>
#include <limits>

// Answers are composed in answer_writer.cpp; what the head alone decides is in verdict.cpp.

namespace spotter::gateway {

namespace {

/// How long a connection without a request may stay when the server stops.
constexpr std::chrono::milliseconds drain_patience{500};

constexpr std::size_t never = std::numeric_limits<std::size_t>::max();

constexpr std::size_t part_lines = 64 * 1'024; // of a multipart body, beside its file

using step = request_parser::step;

/// What a route's requests are counted as by those who count for all threads, if they are.
limit_kind exact_limit_of(const route& row) noexcept {
  if (row.limit != limit_kind::by_method)
    return row.limit;
  return row.limited ? limit_kind::sign_in : limit_kind::by_method;
}

} // namespace

http_connection::http_connection(worker& at, transport stream, net::ip::address peer)
  : at_(at), stream_(std::move(stream)), peer_(std::move(peer)),
    parser_(at.common().config.limits.header_bytes, at.common().config.limits.target_bytes),
    capacity_(at.common().config.limits.header_bytes + 4'096) {
  at_.add(*this);
  at_.common().metrics.connections->inc();
}

http_connection::~http_connection() {
  at_.remove(*this);
  if (!handed_on_) {
    at_.common().metrics.connections->dec();
    at_.common().gate.close(peer_);
  }
}

void http_connection::start() {
  enter(phase::idle);
  net::co_spawn(
    at_.io(), [self = shared_from_this()] { return self->run(); },
    [self = shared_from_this()](std::exception_ptr failure) {
      if (!failure)
        return;
      try {
        std::rethrow_exception(failure);
      } catch (const std::exception& e) {
        spdlog::error("http connection broke: {}", e.what());
      }
    });
}

void http_connection::enter(phase next) {
  const auto& limits = at_.common().config.limits;
  const auto now = steady::now();
  phase_ = next;
  switch (next) {
    case phase::idle:
      deadline_ = now + (first_request_ ? limits.header_timeout : limits.idle_timeout);
      break;
    case phase::head:
      deadline_ = now + limits.header_timeout;
      break;
    case phase::body:
      deadline_ = std::min(now + limits.body_timeout, body_until_);
      break;
    case phase::writing:
      deadline_ = std::min(now + limits.body_timeout, written_until_);
      break;
    case phase::lingering:
      deadline_ = now + std::chrono::seconds{2};
      break;
    case phase::working:
      deadline_ = steady::time_point::max(); // every ask has a deadline of its own
      break;
  }
}

void http_connection::sweep(steady::time_point now) {
  if (now < deadline_ || expired_)
    return;
  expired_ = true;
  boost::system::error_code ignored;
  stream_.socket().cancel(ignored);
}

void http_connection::drain() {
  draining_ = true;
  // A request may be on its way already: it is answered, and told that it was the last one.
  if (phase_ == phase::idle)
    deadline_ = std::min(deadline_, steady::now() + drain_patience);
}

void http_connection::abort() {
  draining_ = true;
  expired_ = true;
  stream_.close();
}

awaitable<void> http_connection::run() {
  const bool secured = co_await shake_hands();
  if (!secured)
    co_return;
  buffer_ = std::make_unique<char[]>(capacity_);
  while (true) {
    const bool goes_on = co_await serve_one();
    first_request_ = false;
    if (!goes_on || draining_)
      break;
    parser_.reset();
    enter(phase::idle);
    // Requests that have come together wait for nothing: each after a turn of the others.
    if (begin_ < end_)
      co_await give_way();
  }
  if (!handed_on_)
    stream_.close();
}

awaitable<bool> http_connection::shake_hands() {
  while (true) {
    const auto state = stream_.handshake();
    if (state == io_state::done)
      co_return true;
    if (state == io_state::closed || expired_)
      co_return false;
    boost::system::error_code ec;
    co_await stream_.socket().async_wait(state == io_state::want_read ? tcp_socket::wait_read
                                                                      : tcp_socket::wait_write,
                                         net::redirect_error(use_awaitable, ec));
    if (ec)
      co_return false;
  }
}

awaitable<void> http_connection::give_way() {
  co_await net::post(at_.io().get_executor(), use_awaitable);
}

awaitable<bool> http_connection::fill() {
  if (begin_ > 0) {
    std::copy(buffer_.get() + begin_, buffer_.get() + end_, buffer_.get());
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ == capacity_ || expired_)
    co_return false;
  boost::system::error_code ec;
  if (!stream_.is_tls()) {
    const auto n = co_await stream_.socket().async_read_some(
      net::buffer(buffer_.get() + end_, capacity_ - end_), net::redirect_error(use_awaitable, ec));
    end_ += n;
    co_return !ec && n > 0;
  }
  for (bool waited = false;; waited = true) {
    const auto result = stream_.read(buffer_.get() + end_, capacity_ - end_);
    if (result.state == io_state::done) {
      end_ += result.bytes;
      // What OpenSSL has at once it may have again and again, faster than it is used up.
      if (!waited)
        co_await give_way();
      co_return !expired_;
    }
    if (result.state == io_state::closed)
      co_return false;
    co_await stream_.socket().async_wait(
      result.state == io_state::want_read ? tcp_socket::wait_read : tcp_socket::wait_write,
      net::redirect_error(use_awaitable, ec));
    if (ec)
      co_return false;
  }
}

awaitable<step> http_connection::read_until_step() {
  while (true) {
    if (begin_ < end_) {
      std::size_t used = 0;
      const auto reached = parser_.feed({buffer_.get() + begin_, end_ - begin_}, used);
      begin_ += used;
      if (reached != step::need_more)
        co_return reached;
      if (phase_ == phase::idle)
        enter(phase::head);
      else if (phase_ == phase::body && used > 0)
        enter(phase::body);
      if (phase_ == phase::body && parser_.current().body.size() > pause_at_)
        co_return step::head;
    }
    const bool more = co_await fill();
    if (!more)
      co_return step::need_more;
  }
}

awaitable<bool> http_connection::serve_one() {
  const auto reached = co_await read_until_step();
  if (reached == step::need_more && (!expired_ || phase_ != phase::head))
    co_return false;

  request_began_ = steady::now();
  rate_headers_.clear();
  auto& req = parser_.current();
  const auto trace = trace_of(req.header("traceparent"));
  trace_id_ = trace.empty() ? at_.make_trace_id() : std::string(trace);
  const auto wanted_id = req.header("x-request-id");
  request_id_ = is_request_id(wanted_id) ? std::string(wanted_id) : trace_id_;
  find_source();

  router::match found;
  response out;
  bool close = draining_ || at_.draining();
  bool unread_body = false;
  if (reached == step::need_more) {
    expired_ = false;
    out = to_response(http_problem::request_timeout, {}, trace_id_);
    close = true;
  } else if (reached == step::failed) {
    out = to_response(parser_.problem(), {}, trace_id_);
    close = true;
  } else {
    found = at_.common().routes.find(req.method, req.path());
    call c{at_, req, found.args, {}, trace_id_, client_text_, request_id_, secured_};
    out = co_await answer(c, found, reached, unread_body);
    who_ = c.who;
  }
  close = close || draining_ || out.close || unread_body || !req.keep_alive;
  if (expired_)
    co_return false;

  const bool written = co_await write(out, close);
  if (!written)
    co_return false;
  const std::chrono::duration<double> took = steady::now() - request_began_;
  const auto& metrics = found.metrics ? *found.metrics : at_.common().routes.elsewhere();
  metrics.count(out.status, took.count());
  if (out.next != response::takeover::none) {
    hand_on(out);
    co_return false;
  }
  if (close && (unread_body || reached == step::failed))
    co_await linger();
  co_return !close;
}

void http_connection::find_source() {
  const auto source = source_of(parser_.current(), peer_, at_.common().config.trusted);
  secured_ = stream_.is_tls() || source.https;
  if (client_text_.empty() || source.client != client_)
    client_text_ = source.client.to_string();
  client_ = source.client;
}

awaitable<response> http_connection::answer(call& c, const router::match& found, step reached,
                                            bool& unread_body) {
  const auto& req = c.req;
  const auto& limits = at_.common().config.limits;
  const bool upload = found.row && found.row->body == body_kind::multipart;
  const bool open = !found.row || !found.row->needs_token;
  const auto short_body = std::min(limits.open_body_bytes, limits.body_bytes);
  const auto limit = upload ? limits.import_bytes + part_lines
                     : open ? short_body
                            : limits.body_bytes;
  std::optional<response> verdict;
  if (has_unknown_key(c, found))
    verdict = co_await ask_for_key(c);
  if (!verdict)
    verdict = judge(c, found, limit);
  if (verdict && at_.tokens().must_look_for_keys(domain::now())) {
    enter(phase::working);
    auto looking = look_for_keys(c);
    const auto problem = co_await std::move(looking);
    if (problem)
      verdict = to_response(*problem, trace_id_);
    else
      verdict = judge(c, found, limit);
  }
  if (!verdict)
    if (const auto kind = exact_limit_of(*found.row); kind != limit_kind::by_method) {
      who_ = c.who;
      enter(phase::working);
      auto refusal = limit_exactly(kind);
      verdict = co_await std::move(refusal);
    }
  if (reached == step::done) {
    if (verdict)
      co_return std::move(*verdict);
    co_return co_await run_route(c, *found.row);
  }

  unread_body = true;
  // A body that is refused anyway is read only where that is cheaper than a new connection.
  const bool known_short = req.content_length.value_or(short_body + 1) <= short_body;
  if (verdict && (req.expects_continue || !known_short))
    co_return std::move(*verdict);
  // What a body of unknown length holds is counted when it turns out to be a large one.
  byte_share share;
  auto& budget = upload ? at_.common().gate.uploads() : at_.common().gate.bodies();
  const auto announced = static_cast<std::size_t>(req.content_length.value_or(upload ? limit : 0));
  if (announced > limits.small_body_bytes && !share.take(budget, announced))
    co_return no_room(upload);
  pause_at_ = req.content_length || upload ? never : limits.small_body_bytes;
  if (req.expects_continue) {
    const bool told = co_await write_all("HTTP/1.1 100 Continue\r\n\r\n", {});
    expired_ = !told;
  }
  parser_.body_limit(limit);
  // A byte now and then is progress, too, but not enough of it.
  body_until_ = steady::now() + limits.body_timeout
                + std::chrono::seconds{limit / limits.body_bytes_per_second};
  enter(phase::body);
  auto last = co_await read_until_step();
  if (last == step::head) {
    pause_at_ = never;
    if (!share.take(budget, limit))
      co_return no_room(upload);
    last = co_await read_until_step();
  }
  if (last == step::failed)
    co_return to_response(parser_.problem(), {}, trace_id_);
  if (last != step::done) {
    // Either it was too slow and is told so, or it has left and nobody is to be answered.
    expired_ = !expired_;
    co_return to_response(http_problem::request_timeout, "The body did not arrive.", trace_id_);
  }
  unread_body = false;
  if (verdict)
    co_return std::move(*verdict);
  co_return co_await run_route(c, *found.row);
}

response http_connection::no_room(bool upload) const {
  return to_response(messages::failure{messages::failure_code::overloaded,
                                       upload ? "Too many uploads are running."
                                              : "Too many large requests are running.",
                                       {},
                                       5'000},
                     trace_id_);
}

awaitable<response> http_connection::run_route(call& c, const route& row) {
  enter(phase::working);
  try {
    co_return co_await row.run(c);
  } catch (const std::exception& e) {
    spdlog::error("{} {} failed, trace {}: {}", to_string(row.method), row.pattern, trace_id_,
                  e.what());
  }
  co_return to_response(messages::failure{}, trace_id_);
}

// A close with bytes unread makes the kernel send a reset, which can overtake the answer.
awaitable<void> http_connection::linger() {
  stream_.shut_down();
  enter(phase::lingering);
  for (std::size_t total = 0; total < 1024 * 1024;) {
    begin_ = end_ = 0;
    const bool more = co_await fill();
    if (!more)
      co_return;
    total += end_;
  }
}

void http_connection::hand_on(const response& what) {
  handed_on_ = true;
  std::string early(buffer_.get() + begin_, end_ - begin_);
  buffer_.reset();
  auto& req = parser_.current();
  const call last{at_, req, {}, who_, trace_id_, client_text_, request_id_, secured_};
  if (what.next == response::takeover::websocket)
    at_.live().adopt_websocket(std::move(stream_), peer_, who_, device_of(last), early);
  else
    at_.live().adopt_stream(std::move(stream_), peer_, who_, device_of(last),
                            query_parameter(req.query(), "topic").value_or("me"),
                            req.header("last-event-id"));
}

} // namespace spotter::gateway
